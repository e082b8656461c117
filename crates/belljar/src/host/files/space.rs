//! The session's files and descriptors together: what naming and transfer work on.

use std::sync::Arc;

use super::descriptor::{Access, Descriptor, Descriptors, OpenNode};
use super::error::FileError;
use super::kind::Kind;
use super::mounts::{HostFile, Listing, Mounts};
use super::node::{Body, Device, Holder, Id, Listed, MEMORY_DEVICE, NewTimes, Stat, Times};
use super::pack::Pack;
use super::quota::{Change, Quota};
use super::tree::Tree;

/// All files and descriptors of a session. A copy is independent and shares what has not changed since.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(super) tree: Tree,
    pub(super) open: Descriptors,
    pub(super) quota: Quota,
}

/// What the bytes of a descriptor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdin,
    Stdout,
    Stderr,
    /// A device that gives random bytes.
    Random,
    File,
}

impl Space {
    pub(super) fn new(pack: Arc<Pack>, quota: Quota, open_files: u32) -> Self {
        Self { tree: Tree::new(pack), open: Descriptors::new(open_files), quota }
    }

    /// How many descriptors the guest has.
    #[cfg(test)]
    pub(crate) fn open_count(&self) -> usize {
        self.open.count()
    }

    /// What a descriptor reads from and writes to.
    pub(crate) fn channel(&self, fd: u32) -> Result<Channel, FileError> {
        Ok(match self.open.get(fd)? {
            Descriptor::Stdin => Channel::Stdin,
            Descriptor::Stdout => Channel::Stdout,
            Descriptor::Stderr => Channel::Stderr,
            Descriptor::Node(node) => match self.tree.node(&node.id).map(|node| &node.body) {
                Some(Body::Device(Device::Random)) if node.access.read => Channel::Random,
                _ => Channel::File,
            },
        })
    }

    /// What a descriptor was opened for.
    pub(crate) fn access(&self, fd: u32) -> Result<Access, FileError> {
        Ok(match self.open.get(fd)? {
            Descriptor::Stdin => Access { read: true, ..Access::default() },
            Descriptor::Stdout | Descriptor::Stderr => Access { write: true, ..Access::default() },
            Descriptor::Node(node) => node.access,
        })
    }

    /// Changes what may change about an open file: where writes go, and whether it blocks.
    pub(crate) fn set_flags(&mut self, fd: u32, flags: Access) -> Result<(), FileError> {
        if let Descriptor::Node(_) = self.open.get(fd)? {
            let access = &mut self.open.node_mut(fd)?.access;
            *access = Access { read: access.read, write: access.write, ..flags };
        }
        Ok(())
    }

    /// What is known of an open file.
    pub(crate) fn stat_open(&self, fd: u32) -> Result<Stat, FileError> {
        match self.open.get(fd)? {
            Descriptor::Node(OpenNode { id: Id::Host(place), file: Some(file), .. }) => {
                Ok(Mounts::told(place.mount, &file.stat()?))
            }
            Descriptor::Node(_) => self.tree.stat(&self.open.node(fd)?.id),
            _ => Ok(Stat {
                device: MEMORY_DEVICE,
                inode: fd.into(),
                kind: Kind::Character,
                size: 0,
                times: Times::default(),
            }),
        }
    }

    /// Sets the times of an open file.
    pub(crate) fn set_times_open(
        &mut self,
        fd: u32,
        new: NewTimes,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let id = self.open.node(fd)?.id.clone();
        self.set_times_of(&id, new, change)
    }

    pub(super) fn set_times_of(
        &mut self,
        id: &Id,
        new: NewTimes,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let number = match self.holder(id, change)? {
            Holder::Host(place) => return self.tree.mounts.set_times(&place, new),
            Holder::Session(number) => number,
        };
        let times = &mut self.tree.node_mut(&Id::Made(number)).ok_or(FileError::ReadOnly)?.times;
        times.accessed_ns = new.accessed_ns.unwrap_or(times.accessed_ns);
        times.modified_ns = new.modified_ns.unwrap_or(times.modified_ns);
        times.changed_ns = change.now_ns;
        Ok(())
    }

    /// The entry of an open directory that comes after a cookie; 0 begins the listing. What the host has in the directory is read then,
    /// charged, and kept until the descriptor is closed.
    pub(crate) fn listed_after(
        &mut self,
        fd: u32,
        cookie: u64,
        change: &mut Change<'_>,
    ) -> Result<Option<Listed<'_>>, FileError> {
        let open = self.open.node(fd).map_err(|_| FileError::NotDirectory)?;
        let id = open.id.clone();
        if cookie == 0 || open.listing.is_none() {
            if self.tree.kind(&id)? != Kind::Directory {
                return Err(FileError::NotDirectory);
            }
            let listing = self.tree.host_listing(&id)?.map(Arc::new);
            change.meter.hold(listing.as_deref().map_or(0, Listing::bytes))?;
            let before = std::mem::replace(&mut self.open.node_mut(fd)?.listing, listing);
            change.meter.release(before.as_deref().map_or(0, Listing::bytes));
        }
        let listing = self.open.node(fd)?.listing.as_deref();
        Ok(self.tree.listed_after(&id, listing, cookie))
    }

    /// Closes a descriptor. A file without a name goes with its last one.
    pub(crate) fn close(&mut self, fd: u32, change: &mut Change<'_>) -> Result<(), FileError> {
        let closed = self.open.close(fd)?;
        self.closed(&closed, change);
        Ok(())
    }

    /// Gives a descriptor another number, and closes the one that had it.
    pub(crate) fn renumber(&mut self, from: u32, to: u32, change: &mut Change<'_>) -> Result<(), FileError> {
        if let Some(closed) = self.open.renumber(from, to)? {
            self.closed(&closed, change);
        }
        Ok(())
    }

    /// Opens a node under a number that is free.
    pub(super) fn opened(&mut self, fd: u32, id: Id, access: Access, file: Option<HostFile>) {
        if let Some(node) = self.tree.node_mut(&id) {
            node.opens += 1;
        }
        self.open.open(fd, OpenNode { file: file.map(Arc::new), ..OpenNode::new(id, access) });
    }

    fn closed(&mut self, closed: &Descriptor, change: &mut Change<'_>) {
        let Descriptor::Node(OpenNode { id, listing, .. }) = closed else { return };
        change.meter.release(listing.as_deref().map_or(0, Listing::bytes));
        let Id::Made(number) = id else { return };
        if let Some(node) = self.tree.node_mut(id) {
            node.opens = node.opens.saturating_sub(1);
        }
        self.forget(*number, change);
    }

    /// Gives back what a node took, when nothing refers to it any more.
    pub(super) fn forget(&mut self, number: u64, change: &mut Change<'_>) {
        if let Some(bytes) = self.tree.forget(number) {
            self.quota.remove(change.meter, bytes);
        }
    }

    /// The number of a directory in which the guest may make and remove names.
    pub(super) fn writable(&self, directory: &Id) -> Result<u64, FileError> {
        match (directory, self.tree.directory(directory)) {
            (Id::Made(number), Some(found)) if found.writable => Ok(*number),
            _ => Err(FileError::ReadOnly),
        }
    }

    /// Refuses what belongs to the image or was placed read-only.
    pub(super) fn changeable(&self, id: &Id) -> Result<u64, FileError> {
        let Id::Made(number) = id else { return Err(FileError::ReadOnly) };
        match &self.tree.node(id).ok_or(FileError::NotFound)?.body {
            Body::Directory(directory) if !directory.writable => Err(FileError::ReadOnly),
            Body::Fixed(_) | Body::Device(_) | Body::Mount(_) => Err(FileError::ReadOnly),
            _ => Ok(*number),
        }
    }
}
