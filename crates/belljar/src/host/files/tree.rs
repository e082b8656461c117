//! The namespace: the image's files, with the session's own over them, and the directories of the host that are mounted in it. Structure
//! only: what is allowed is decided by its callers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::{Directory, Under};
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::Mounts;
use super::node::{Body, Device, Id, MEMORY_DEVICE, Node, Stat, Times};
use super::pack::{self, Pack, Packed};
use super::remembered::{Covered, Fingerprint, Remembered};

/// The directories that the guest may write to.
const SCRATCH: [&str; 3] = ["tmp", "work", "output"];

/// The times of the image's files: 1980-01-01 UTC, the first day that a zip archive can hold.
pub(super) const IMAGE_TIME_NS: u64 = 315_532_800 * 1_000_000_000;

/// Set in the inode numbers of the image's files.
const PACKED_INODE: u64 = 1 << 48;

/// The root directory.
pub(super) const ROOT: Id = Id::Made(ROOT_NUMBER);
pub(super) const ROOT_NUMBER: u64 = 1;

/// All nodes, and how they hang together.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) pack: Arc<Pack>,
    pub(super) mounts: Mounts,
    pub(super) nodes: BTreeMap<u64, Node>,
    /// The image's directories that a made one stands for.
    pub(super) over: BTreeMap<u32, u64>,
    /// Directories of copy-on-write mounts that a made one stands for.
    pub(super) covering: BTreeMap<Hosted, u64>,
    /// The directory that each mount lies in.
    pub(super) points: BTreeMap<u32, u64>,
    pub(super) next: u64,
}

impl Tree {
    /// The image's files, the scratch directories and the devices.
    pub(super) fn new(pack: Arc<Pack>) -> Self {
        let mut tree = Self {
            pack,
            mounts: Mounts::default(),
            nodes: BTreeMap::new(),
            over: BTreeMap::new(),
            covering: BTreeMap::new(),
            points: BTreeMap::new(),
            next: ROOT_NUMBER,
        };
        let root = Directory::new(ROOT_NUMBER, false, Some(Under::Packed(pack::ROOT)));
        tree.make(Body::Directory(root), IMAGE_TIME_NS);
        tree.over.insert(pack::ROOT, ROOT_NUMBER);
        for name in SCRATCH {
            tree.make_directory((ROOT_NUMBER, name), true, IMAGE_TIME_NS);
        }
        let dev = tree.make_directory((ROOT_NUMBER, "dev"), false, IMAGE_TIME_NS);
        for (name, device) in [
            ("null", Device::Null),
            ("zero", Device::Zero),
            ("random", Device::Random),
            ("urandom", Device::Random),
        ] {
            tree.add((dev, name), Body::Device(device), IMAGE_TIME_NS);
        }
        tree
    }

    pub(super) fn node(&self, id: &Id) -> Option<&Node> {
        let Id::Made(number) = id else { return None };
        self.nodes.get(number)
    }

    pub(super) fn node_mut(&mut self, id: &Id) -> Option<&mut Node> {
        let Id::Made(number) = id else { return None };
        self.nodes.get_mut(number)
    }

    pub(super) fn directory(&self, id: &Id) -> Option<&Directory> {
        match &self.node(id)?.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    pub(super) fn directory_mut(&mut self, number: u64) -> Option<&mut Directory> {
        match &mut self.nodes.get_mut(&number)?.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// What the guest is told about a node.
    pub(super) fn stat(&self, id: &Id) -> Result<Stat, FileError> {
        match id {
            Id::Made(inode) => {
                let node = self.nodes.get(inode).ok_or(FileError::NotFound)?;
                let (kind, size) = (node.body.kind(), node.body.size());
                Ok(Stat { device: MEMORY_DEVICE, inode: *inode, kind, size, times: node.times })
            }
            Id::Packed(index) => {
                let (kind, size) = match self.pack.get(*index).ok_or(FileError::NotFound)? {
                    Packed::Directory { .. } => (Kind::Directory, 0),
                    Packed::File(bytes) => (Kind::File, bytes.len() as u64),
                };
                let times = Times {
                    accessed_ns: IMAGE_TIME_NS,
                    modified_ns: IMAGE_TIME_NS,
                    changed_ns: IMAGE_TIME_NS,
                };
                let inode = PACKED_INODE | u64::from(*index);
                Ok(Stat { device: MEMORY_DEVICE, inode, kind, size, times })
            }
            Id::Host(place) => self.mounts.stat(place),
        }
    }

    pub(super) fn kind(&self, id: &Id) -> Result<Kind, FileError> {
        self.stat(id).map(|stat| stat.kind)
    }

    /// The content of a file of the image, or of one that the caller placed read-only.
    pub(super) fn fixed(&self, id: &Id) -> Option<&[u8]> {
        match id {
            Id::Packed(index) => match self.pack.get(*index)? {
                Packed::File(bytes) => Some(bytes),
                Packed::Directory { .. } => None,
            },
            Id::Made(_) => match &self.node(id)?.body {
                Body::Fixed(bytes) => Some(bytes),
                _ => None,
            },
            Id::Host(_) => None,
        }
    }

    /// Where a symbolic link leads, as it is written.
    pub(super) fn link_target(&self, id: &Id) -> Result<Box<str>, FileError> {
        match (id, self.node(id).map(|node| &node.body)) {
            (_, Some(Body::Link(target))) => Ok(target.clone()),
            (Id::Host(place), _) => self.mounts.link_target(place),
            _ => Err(FileError::Invalid),
        }
    }

    /// What a directory has under this name, and what that is.
    pub(super) fn child(&self, directory: &Id, name: &str) -> Result<Option<(Id, Kind)>, FileError> {
        let index = match directory {
            Id::Packed(index) => *index,
            Id::Host(place) => return self.found(place.child(name)),
            Id::Made(_) => {
                let directory = self.directory(directory).ok_or(FileError::NotDirectory)?;
                if let Some(number) = directory.get(name) {
                    let kind = self.kind(&Id::Made(number))?;
                    return Ok(Some((self.mounted(number), kind)));
                }
                match &directory.under {
                    Some(Under::Packed(index)) => *index,
                    Some(Under::Host { .. }) => {
                        return directory.showing(name).map_or(Ok(None), |place| self.found(place));
                    }
                    None => return Ok(None),
                }
            }
        };
        let Some(child) = self.pack.child(index, name).map(|child| self.seen(child)) else { return Ok(None) };
        let kind = self.kind(&child)?;
        Ok(Some((child, kind)))
    }

    /// What lies at a place of the host, of which a made directory may stand in front.
    fn found(&self, place: Hosted) -> Result<Option<(Id, Kind)>, FileError> {
        Ok(self.mounts.find(&place)?.map(|kind| (self.standing_for(place), kind)))
    }

    /// The node of a place of the host.
    pub(super) fn standing_for(&self, place: Hosted) -> Id {
        self.covering.get(&place).map_or(Id::Host(place), |number| Id::Made(*number))
    }

    /// The directory that is mounted at a node, or else the node.
    pub(super) fn mounted(&self, number: u64) -> Id {
        match self.nodes.get(&number).map(|node| &node.body) {
            Some(Body::Mount(mount)) => Id::Host(Hosted::root(*mount)),
            _ => Id::Made(number),
        }
    }

    /// Whether a directory of the host is mounted at a node.
    pub(super) fn is_mount_point(&self, id: &Id) -> bool {
        match id {
            Id::Host(place) => place.is_root(),
            Id::Made(_) => {
                self.directory(id).and_then(Directory::covering).is_some_and(|(place, _)| place.is_root())
            }
            Id::Packed(_) => false,
        }
    }

    /// Whether a directory of the host is mounted at a directory, or below it.
    pub(super) fn holds_mount(&self, directory: &Id) -> bool {
        self.mounts.iter().any(|(mount, _)| {
            let root = self.standing_for(Hosted::root(mount));
            self.is_within(&root, directory)
        })
    }

    /// Which mount a directory is part of.
    pub(super) fn mount_of(&self, directory: &Id) -> Option<u32> {
        let mut here = directory.clone();
        loop {
            match &here {
                Id::Host(place) => return Some(place.mount),
                Id::Packed(_) | Id::Made(ROOT_NUMBER) => return None,
                Id::Made(_) => {
                    if let Some((place, _)) = self.directory(&here).and_then(Directory::covering) {
                        return Some(place.mount);
                    }
                }
            }
            here = self.parent(&here)?;
        }
    }

    /// The directory above a directory.
    pub(super) fn parent(&self, directory: &Id) -> Option<Id> {
        match directory {
            Id::Made(_) => Some(Id::Made(self.directory(directory)?.parent)),
            Id::Packed(index) => self.pack.parent(*index).map(|parent| self.seen(parent)),
            Id::Host(place) => match place.parent() {
                Some(above) => Some(self.standing_for(above)),
                None => self.points.get(&place.mount).map(|number| Id::Made(*number)),
            },
        }
    }

    /// How many directories lie between the root and this one, itself counted.
    pub(super) fn depth(&self, directory: &Id) -> u32 {
        let mut here = directory.clone();
        let mut depth = 0;
        while here != ROOT {
            let Some(above) = self.parent(&here) else { break };
            (here, depth) = (above, depth + 1);
        }
        depth
    }

    /// How many levels of directories begin with this node: 0 for a file. What shows through from the host is not looked at.
    pub(super) fn height(&self, node: &Id) -> u32 {
        let mut highest = 0;
        let mut waiting = vec![(node.clone(), 1)];
        while let Some((id, height)) = waiting.pop() {
            if let Some(directory) = self.directory(&id) {
                highest = highest.max(height);
                waiting.extend(directory.iter().map(|(_, child)| (Id::Made(child), height + 1)));
            }
        }
        highest
    }

    /// Whether `id` is `directory` or lies below it.
    pub(super) fn is_within(&self, id: &Id, directory: &Id) -> bool {
        let mut here = id.clone();
        while here != *directory {
            match self.parent(&here) {
                Some(above) if above != here => here = above,
                _ => return false,
            }
        }
        true
    }

    /// The node that stands for a directory of the image.
    pub(super) fn seen(&self, index: u32) -> Id {
        self.over.get(&index).map_or(Id::Packed(index), |number| Id::Made(*number))
    }

    /// Makes a node and gives it a name.
    pub(super) fn add(&mut self, (directory, name): (u64, &str), body: Body, now_ns: u64) -> u64 {
        let number = self.make(body, now_ns);
        self.link((directory, name), number, now_ns);
        number
    }

    /// Makes a directory. One of the image with the same path shows through; one of the host that was removed is remembered.
    pub(super) fn make_directory(&mut self, (parent, name): (u64, &str), writable: bool, now_ns: u64) -> u64 {
        let packed = match self.directory(&Id::Made(parent)).and_then(|above| above.under.as_ref()) {
            Some(Under::Packed(above)) => self.pack.child(*above, name),
            _ => None,
        };
        let packed = packed.filter(|index| matches!(self.pack.get(*index), Some(Packed::Directory { .. })));
        let directory = Directory::new(parent, writable, packed.map(Under::Packed));
        let number = self.add((parent, name), Body::Directory(directory), now_ns);
        if let Some(index) = packed {
            self.over.insert(index, number);
        }
        self.attach((parent, name), number);
        number
    }

    /// A directory came to a place: if the host had one there, it is measured against that from now on, and so are those below it.
    pub(super) fn attach(&mut self, (parent, name): (u64, &str), number: u64) {
        let is_free = self.directory(&Id::Made(number)).is_some_and(|directory| directory.under.is_none());
        let Some(under) = is_free.then(|| self.removed_directory(parent, name)).flatten() else { return };
        let mut below = Vec::new();
        if let Some(directory) = self.directory_mut(number) {
            directory.under = Some(under);
            below.extend(directory.iter().map(|(name, child)| (Box::<str>::from(name), child)));
        }
        self.stand(number);
        below.iter().for_each(|(name, child)| self.attach((number, name), *child));
    }

    /// What the host had in a directory of this name that the session removed, to be remembered by the one that takes its place.
    fn removed_directory(&mut self, parent: u64, name: &str) -> Option<Under> {
        let above = self.directory_mut(parent)?;
        let place = above.covering().map(|(place, _)| place.child(name))?;
        let covered = above.covered_mut()?;
        if covered.get(name)?.print.kind != Kind::Directory {
            return None;
        }
        let covered = covered.remove(name)?.children;
        Some(Under::Host { place, covered, opaque: true })
    }

    /// Makes a directory that stands in front of one of a copy-on-write mount, which shows through.
    pub(super) fn cover(&mut self, (parent, name): (u64, &str), place: Hosted, times: Times) -> u64 {
        let under = Some(Under::Host { place, covered: BTreeMap::new(), opaque: false });
        let above = self.nodes.get(&parent).map(|node| node.times);
        let body = Body::Directory(Directory::new(parent, true, under));
        let number = self.add((parent, name), body, times.changed_ns);
        // Nothing has changed for the guest.
        for (number, times) in [(parent, above), (number, Some(times))] {
            if let (Some(node), Some(times)) = (self.nodes.get_mut(&number), times) {
                node.times = times;
            }
        }
        self.stand(number);
        number
    }

    /// Makes a place for a mount in a directory.
    pub(super) fn add_mount(&mut self, (parent, name): (u64, &str), mount: u32) {
        self.add((parent, name), Body::Mount(mount), IMAGE_TIME_NS);
        self.points.insert(mount, parent);
    }

    /// From now on a directory that has one of the host under it stands for that.
    pub(super) fn stand(&mut self, number: u64) {
        let place = self.directory(&Id::Made(number)).and_then(Directory::covering);
        if let Some(place) = place.map(|(place, _)| place.clone()) {
            self.covering.insert(place, number);
        }
    }

    /// Gives a node a name in a directory; the node moves there if it is a directory itself.
    pub(super) fn link(&mut self, (directory, name): (u64, &str), number: u64, now_ns: u64) {
        if let Some(parent) = self.nodes.get_mut(&directory) {
            parent.times.touch(now_ns);
            if let Body::Directory(parent) = &mut parent.body {
                parent.insert(name, number);
            }
        }
        if let Some(node) = self.nodes.get_mut(&number) {
            node.named = true;
            node.times.changed_ns = now_ns;
        }
        if let Some(moved) = self.directory_mut(number) {
            moved.parent = directory;
        }
    }

    /// Takes a name out of a directory. The node stays, without a name. What the host had in a directory is remembered above it.
    pub(super) fn unlink(&mut self, (directory, name): (u64, &str), now_ns: u64) -> Option<u64> {
        let number = self.directory_mut(directory)?.remove(name)?;
        if let Some(parent) = self.nodes.get_mut(&directory) {
            parent.times.touch(now_ns);
        }
        if let Some(node) = self.nodes.get_mut(&number) {
            node.named = false;
            node.times.changed_ns = now_ns;
        }
        if let Some((place, children)) = self.part(number) {
            self.covering.remove(&place);
            let above = self.directory_mut(directory).and_then(Directory::covered_mut);
            if let Some(above) = above {
                above.insert(name.into(), Covered { print: Fingerprint::of_directory(), children });
            }
        }
        Some(number)
    }

    /// Takes away what lies under a directory of a copy-on-write mount: it is about to leave its place.
    pub(super) fn part(&mut self, number: u64) -> Option<(Hosted, Remembered)> {
        let directory = self.directory_mut(number)?;
        match directory.under.take() {
            Some(Under::Host { place, covered, .. }) => {
                self.covering.remove(&place);
                Some((place, covered))
            }
            other => {
                directory.under = other;
                None
            }
        }
    }

    /// What is remembered of the names in a directory of the host. Not deeper than paths are long.
    pub(super) fn remembered_in(&mut self, directory: &Hosted) -> Option<&mut Remembered> {
        if let Some(number) = self.covering.get(directory) {
            return self.directory_mut(*number)?.covered_mut();
        }
        let above = self.remembered_in(&directory.parent()?)?;
        above.get_mut(directory.name()).map(|covered| &mut covered.children)
    }

    /// What is remembered of a place on the host.
    pub(super) fn remembered(&self, place: &Hosted) -> Option<&Covered> {
        let directory = place.parent()?;
        if let Id::Made(number) = self.standing_for(directory.clone()) {
            return self.directory(&Id::Made(number))?.covering()?.1.get(place.name());
        }
        self.remembered(&directory)?.children.get(place.name())
    }

    /// From now on the node counts against the session's limits.
    pub(super) fn charge(&mut self, number: u64) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.charged = true;
        }
    }

    /// Drops a node that has neither a name nor a descriptor, and says how many bytes it was charged for.
    pub(super) fn forget(&mut self, number: u64) -> Option<u64> {
        let node = self.nodes.get(&number)?;
        if node.named || node.opens > 0 {
            return None;
        }
        let node = self.nodes.remove(&number)?;
        node.charged.then(|| node.body.held())
    }

    fn make(&mut self, body: Body, now_ns: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        let times = Times { accessed_ns: now_ns, modified_ns: now_ns, changed_ns: now_ns };
        self.nodes.insert(number, Node { body, times, opens: 0, charged: false, named: true });
        number
    }
}
