//! Open descriptors: numbers for the guest, with a position and what they were opened for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::FileError;
use super::hosted::Hosted;
use super::mounts::{HostFile, Identity, Listing};
use super::node::Id;
use super::tree::ROOT;
use crate::host::bounded;

/// The descriptor of the root directory, from which the guest opens everything else. It cannot be closed.
pub(crate) const ROOT_FD: u32 = 3;

/// The standard streams and the root.
const FIXED: usize = 4;

/// The most descriptors that any session has.
pub(super) const SLOTS_MAX: usize = 4096 + FIXED;

/// What a descriptor stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Descriptor {
    Stdin,
    Stdout,
    Stderr,
    Node(OpenNode),
}

/// A file, directory or device that is open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OpenNode {
    pub(super) id: Id,
    pub(super) offset: u64,
    pub(super) access: Access,
    /// The host's file, where it is one. What can be made anew from the rest: it is not part of a session's state.
    #[serde(skip)]
    pub(super) file: Option<Arc<HostFile>>,
    /// What the host has in the directory, from the beginning of a listing to its end.
    #[serde(skip)]
    pub(super) listing: Option<Arc<Listing>>,
    /// It was a file of the host that could not be opened anew where the session went on: whatever the guest does with it, but to close it, is
    /// an error.
    pub(super) lost: bool,
}

impl OpenNode {
    pub(super) fn new(id: Id, access: Access) -> Self {
        Self { id, offset: 0, access, file: None, listing: None, lost: false }
    }
}

/// What a file was opened for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// Every write goes to the end.
    pub(crate) append: bool,
    /// Remembered for the guest, and without effect: no file blocks.
    pub(crate) nonblocking: bool,
}

/// All descriptors of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Descriptors {
    #[serde(deserialize_with = "bounded::list::<SLOTS_MAX, _, _>")]
    slots: Vec<Option<Descriptor>>,
    #[serde(skip)]
    slots_max: usize,
}

impl Descriptors {
    pub(super) fn new(open_files: u32) -> Self {
        let access = Access { read: true, ..Access::default() };
        let root = OpenNode::new(ROOT, access);
        let slots = vec![
            Some(Descriptor::Stdin),
            Some(Descriptor::Stdout),
            Some(Descriptor::Stderr),
            Some(Descriptor::Node(root)),
        ];
        Self { slots, slots_max: FIXED + open_files as usize }
    }

    /// Descriptors as they are kept: those of files of the host, and by what these are known again.
    pub(super) fn freeze(&self) -> (Self, Vec<(u32, Identity)>) {
        let (mut frozen, mut of_host) = (self.clone(), Vec::new());
        for (slot, fd) in frozen.slots.iter_mut().zip(0..) {
            let Some(Descriptor::Node(node)) = slot else { continue };
            node.listing = None;
            match node.file.take().map(|file| file.identity()) {
                None => {}
                Some(Ok(identity)) => of_host.push((fd, identity)),
                Some(Err(_)) => node.lost = true,
            }
        }
        (frozen, of_host)
    }

    /// The descriptors of a session that goes on, of which `open_files` may be open. None when there are more, or positions that no file has.
    pub(super) fn thaw(mut self, open_files: u32) -> Option<Self> {
        self.slots_max = FIXED + open_files as usize;
        let is_position = |node: &OpenNode| i64::try_from(node.offset).is_ok();
        (self.slots.len() <= self.slots_max && self.nodes().all(is_position)).then_some(self)
    }

    /// Gives a descriptor the file of the host that was opened anew for it, or none: then it is lost.
    pub(super) fn reopened(&mut self, fd: u32, file: Option<HostFile>) -> Result<(), FileError> {
        let node = self.node_mut(fd)?;
        node.lost = file.is_none();
        node.file = file.map(Arc::new);
        Ok(())
    }

    /// Takes away the files that another process has open for this session, and says by what they are known again.
    pub(super) fn take_far(&mut self) -> Vec<(u32, Option<Identity>)> {
        let mut taken = Vec::new();
        for (slot, fd) in self.slots.iter_mut().zip(0..) {
            if let Some(Descriptor::Node(node)) = slot
                && let Some(file) = node.file.take_if(|file| file.is_far())
            {
                taken.push((fd, file.identity().ok()));
            }
        }
        taken
    }

    /// The bytes that listings of directories of the host take up.
    pub(super) fn listed_bytes(&self) -> u64 {
        self.nodes().filter_map(|node| node.listing.as_deref()).map(Listing::bytes).sum()
    }

    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, FileError> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(FileError::BadDescriptor)
    }

    fn slot(&mut self, fd: u32) -> Result<&mut Option<Descriptor>, FileError> {
        self.slots.get_mut(fd as usize).filter(|slot| slot.is_some()).ok_or(FileError::BadDescriptor)
    }

    /// The node behind a descriptor; a standard stream has none.
    pub(super) fn node(&self, fd: u32) -> Result<&OpenNode, FileError> {
        match self.get(fd)? {
            Descriptor::Node(node) if node.lost => Err(FileError::Lost),
            Descriptor::Node(node) => Ok(node),
            _ => Err(FileError::Invalid),
        }
    }

    pub(super) fn node_mut(&mut self, fd: u32) -> Result<&mut OpenNode, FileError> {
        match self.slot(fd)? {
            Some(Descriptor::Node(node)) if node.lost => Err(FileError::Lost),
            Some(Descriptor::Node(node)) => Ok(node),
            _ => Err(FileError::Invalid),
        }
    }

    /// The number that the next descriptor gets: the lowest that is free.
    pub(super) fn free(&self) -> Result<u32, FileError> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free >= self.slots_max {
            return Err(FileError::TooManyOpen);
        }
        u32::try_from(free).map_err(|_| FileError::TooManyOpen)
    }

    /// Opens a descriptor under a number that is free.
    pub(super) fn open(&mut self, fd: u32, node: OpenNode) {
        if self.slots.len() <= fd as usize {
            self.slots.resize(fd as usize + 1, None);
        }
        self.slots[fd as usize] = Some(Descriptor::Node(node));
    }

    pub(super) fn close(&mut self, fd: u32) -> Result<Descriptor, FileError> {
        if fd == ROOT_FD {
            return Err(FileError::NotSupported);
        }
        self.slot(fd)?.take().ok_or(FileError::BadDescriptor)
    }

    /// Gives a descriptor another number, whose descriptor is closed and returned.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, FileError> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        if from == ROOT_FD || to == ROOT_FD {
            return Err(FileError::NotSupported);
        }
        let moved = self.slot(from)?.take();
        Ok(std::mem::replace(self.slot(to)?, moved))
    }

    /// Descriptors of a place on the host are from now on those of the node that stands for it. Says how many there are.
    pub(super) fn rebind(&mut self, place: &Hosted, number: u64) -> u32 {
        let of_place = |node: &&mut OpenNode| matches!(&node.id, Id::Host(other) if other == place);
        self.nodes_mut()
            .filter(of_place)
            .map(|node| node.id = Id::Made(number))
            .zip(1..)
            .last()
            .map_or(0, |(_, n)| n)
    }

    /// The host's file behind a node is not needed any more: its content is in memory.
    pub(super) fn release_files(&mut self, number: u64) {
        self.nodes_mut().filter(|node| node.id == Id::Made(number)).for_each(|node| node.file = None);
    }

    /// How many of the host's files are open.
    pub(super) fn host_files(&self) -> usize {
        self.nodes().filter(|node| node.file.is_some()).count()
    }

    /// Everything that is open beside the standard streams.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &OpenNode> {
        self.slots.iter().flatten().filter_map(|slot| match slot {
            Descriptor::Node(node) => Some(node),
            _ => None,
        })
    }

    fn nodes_mut(&mut self) -> impl Iterator<Item = &mut OpenNode> {
        self.slots.iter_mut().flatten().filter_map(|slot| match slot {
            Descriptor::Node(node) => Some(node),
            _ => None,
        })
    }

    /// How many descriptors there are beside the standard streams and the root.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.slots.iter().skip(FIXED).flatten().count()
    }
}
