//! The namespace: the image's files, with the session's own over them. Structure only: what is allowed is decided by its callers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::content::Content;
use super::directory::{Directory, FIRST_COOKIE};
use super::pack::{self, Pack, Packed};

/// The directories that the guest may write to.
const SCRATCH: [&str; 3] = ["tmp", "work", "output"];

/// The times of the image's files: 1980-01-01 UTC, the first day that a zip archive can hold.
pub(super) const IMAGE_TIME_NS: u64 = 315_532_800 * 1_000_000_000;

/// Set in the inode numbers of the image's files.
const PACKED_INODE: u64 = 1 << 48;

/// The root directory.
pub(super) const ROOT: Id = Id::Made(ROOT_NUMBER);
const ROOT_NUMBER: u64 = 1;

/// Where a node comes from. Mounted directories of the host will be one more source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// Made in this session, by the guest or for it.
    Made(u64),
    /// In the image.
    Packed(u32),
}

/// What a node is, as the guest sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
    /// A device or a standard stream.
    Character,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) inode: u64,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) times: Times,
}

/// Nanoseconds since 1970. Reading a file does not change them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) accessed_ns: u64,
    pub(crate) modified_ns: u64,
    pub(crate) changed_ns: u64,
}

/// One entry of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed<'a> {
    /// Where the listing goes on after this entry.
    pub(crate) cookie: u64,
    pub(crate) inode: u64,
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
}

/// A node made in this session.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) body: Body,
    pub(super) times: Times,
    /// How many descriptors refer to it.
    pub(super) opens: u32,
    /// Whether it counts against the session's limits. What is there from the start, or was placed by the caller, does not.
    pub(super) charged: bool,
    /// Whether it has a name. Without one it lives until its last descriptor is closed.
    pub(super) named: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Directory(Directory),
    File(Content),
    /// Placed by the caller, read-only.
    Fixed(Arc<[u8]>),
    Link(Box<str>),
    Device(Device),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    Null,
    Zero,
    Random,
}

/// All nodes, and how they hang together.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pack: Arc<Pack>,
    nodes: BTreeMap<u64, Node>,
    /// The image's directories that a made one stands for.
    over: BTreeMap<u32, u64>,
    next: u64,
}

impl Tree {
    /// The image's files, the scratch directories and the devices.
    pub(super) fn new(pack: Arc<Pack>) -> Self {
        let mut tree = Self { pack, nodes: BTreeMap::new(), over: BTreeMap::new(), next: ROOT_NUMBER };
        let root = Directory::new(ROOT_NUMBER, false, Some(pack::ROOT));
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

    pub(super) fn node(&self, id: Id) -> Option<&Node> {
        let Id::Made(number) = id else { return None };
        self.nodes.get(&number)
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        let Id::Made(number) = id else { return None };
        self.nodes.get_mut(&number)
    }

    pub(super) fn directory(&self, id: Id) -> Option<&Directory> {
        match &self.node(id)?.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    fn directory_mut(&mut self, number: u64) -> Option<&mut Directory> {
        match &mut self.nodes.get_mut(&number)?.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// What the guest is told about a node.
    pub(super) fn stat(&self, id: Id) -> Option<Stat> {
        match id {
            Id::Made(inode) => {
                let node = self.nodes.get(&inode)?;
                let (kind, size) = (node.body.kind(), node.body.bytes());
                Some(Stat { inode, kind, size, times: node.times })
            }
            Id::Packed(index) => {
                let (kind, size) = match self.pack.get(index)? {
                    Packed::Directory { .. } => (Kind::Directory, 0),
                    Packed::File(bytes) => (Kind::File, bytes.len() as u64),
                };
                let times = Times {
                    accessed_ns: IMAGE_TIME_NS,
                    modified_ns: IMAGE_TIME_NS,
                    changed_ns: IMAGE_TIME_NS,
                };
                Some(Stat { inode: PACKED_INODE | u64::from(index), kind, size, times })
            }
        }
    }

    pub(super) fn kind(&self, id: Id) -> Option<Kind> {
        self.stat(id).map(|stat| stat.kind)
    }

    /// The content of a file of the image, or of one that the caller placed read-only.
    pub(super) fn fixed(&self, id: Id) -> Option<&[u8]> {
        match id {
            Id::Packed(index) => match self.pack.get(index)? {
                Packed::File(bytes) => Some(bytes),
                Packed::Directory { .. } => None,
            },
            Id::Made(_) => match &self.node(id)?.body {
                Body::Fixed(bytes) => Some(bytes),
                _ => None,
            },
        }
    }

    /// What a directory has under this name.
    pub(super) fn child(&self, directory: Id, name: &str) -> Option<Id> {
        let index = match directory {
            Id::Packed(index) => index,
            Id::Made(_) => {
                let directory = self.directory(directory)?;
                if let Some(number) = directory.get(name) {
                    return Some(Id::Made(number));
                }
                directory.under?
            }
        };
        self.pack.child(index, name).map(|child| self.seen(child))
    }

    /// The directory above a directory.
    pub(super) fn parent(&self, directory: Id) -> Option<Id> {
        match directory {
            Id::Made(_) => Some(Id::Made(self.directory(directory)?.parent)),
            Id::Packed(index) => self.pack.parent(index).map(|parent| self.seen(parent)),
        }
    }

    /// How many directories lie between the root and this one, itself counted.
    pub(super) fn depth(&self, directory: Id) -> u32 {
        let mut here = directory;
        let mut depth = 0;
        while here != ROOT {
            let Some(above) = self.parent(here) else { break };
            (here, depth) = (above, depth + 1);
        }
        depth
    }

    /// How many levels of directories begin with this node: 0 for a file.
    pub(super) fn height(&self, node: Id) -> u32 {
        let mut highest = 0;
        let mut waiting = vec![(node, 1)];
        while let Some((id, height)) = waiting.pop() {
            if let Some(directory) = self.directory(id) {
                highest = highest.max(height);
                waiting.extend(directory.iter().map(|(_, child)| (Id::Made(child), height + 1)));
            }
        }
        highest
    }

    /// Whether `id` is `directory` or lies below it.
    pub(super) fn is_within(&self, id: Id, directory: Id) -> bool {
        let mut here = id;
        while here != directory {
            match self.parent(here) {
                Some(above) if above != here => here = above,
                _ => return false,
            }
        }
        true
    }

    pub(super) fn is_empty(&self, directory: Id) -> bool {
        self.listed_after(directory, DOT_DOT_COOKIE).is_none()
    }

    /// The entry of a directory's listing that comes after a cookie. 0 begins the listing.
    pub(super) fn listed_after(&self, directory: Id, cookie: u64) -> Option<Listed<'_>> {
        let dots = [(".", Some(directory)), ("..", self.parent(directory))];
        if let Some((name, id)) = usize::try_from(cookie).ok().and_then(|at| dots.get(at)) {
            return self.listed(cookie + 1, name, (*id)?);
        }
        let (under, made) = match directory {
            Id::Packed(index) => (Some(index), None),
            Id::Made(_) => {
                let made = self.directory(directory)?;
                (made.under, Some(made))
            }
        };
        if let Some(listed) = under.and_then(|under| self.packed_after(under, made, cookie)) {
            return Some(listed);
        }
        let (cookie, name, number) = made?.after(cookie.max(FIRST_COOKIE - 1))?;
        self.listed(cookie, name, Id::Made(number))
    }

    /// The next entry that shows through from the image: not hidden by one made in this session.
    fn packed_after(&self, under: u32, made: Option<&Directory>, cookie: u64) -> Option<Listed<'_>> {
        let Packed::Directory { first, count } = self.pack.get(under)? else { return None };
        let mut at = u32::try_from(cookie - DOT_DOT_COOKIE).ok()?;
        while at < count {
            let index = first + at;
            let name = self.pack.name(index)?;
            at += 1;
            if made.is_none_or(|made| made.get(name).is_none()) {
                return self.listed(DOT_DOT_COOKIE + u64::from(at), name, self.seen(index));
            }
        }
        None
    }

    fn listed<'a>(&self, cookie: u64, name: &'a str, id: Id) -> Option<Listed<'a>> {
        let stat = self.stat(id)?;
        Some(Listed { cookie, inode: stat.inode, kind: stat.kind, name })
    }

    /// The node that stands for a directory of the image.
    fn seen(&self, index: u32) -> Id {
        self.over.get(&index).map_or(Id::Packed(index), |number| Id::Made(*number))
    }

    /// Makes a node and gives it a name.
    pub(super) fn add(&mut self, (directory, name): (u64, &str), body: Body, now_ns: u64) -> u64 {
        let number = self.make(body, now_ns);
        self.link((directory, name), number, now_ns);
        number
    }

    /// Makes a directory. One of the image with the same path shows through.
    pub(super) fn make_directory(&mut self, (parent, name): (u64, &str), writable: bool, now_ns: u64) -> u64 {
        let under = self.directory(Id::Made(parent)).and_then(|above| above.under);
        let under = under.and_then(|above| self.pack.child(above, name));
        let under = under.filter(|index| matches!(self.pack.get(*index), Some(Packed::Directory { .. })));
        let number =
            self.add((parent, name), Body::Directory(Directory::new(parent, writable, under)), now_ns);
        if let Some(index) = under {
            self.over.insert(index, number);
        }
        number
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

    /// Takes a name out of a directory. The node stays, without a name.
    pub(super) fn unlink(&mut self, (directory, name): (u64, &str), now_ns: u64) -> Option<u64> {
        let number = self.directory_mut(directory)?.remove(name)?;
        if let Some(parent) = self.nodes.get_mut(&directory) {
            parent.times.touch(now_ns);
        }
        if let Some(node) = self.nodes.get_mut(&number) {
            node.named = false;
            node.times.changed_ns = now_ns;
        }
        Some(number)
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
        node.charged.then(|| node.body.bytes())
    }

    fn make(&mut self, body: Body, now_ns: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        let times = Times { accessed_ns: now_ns, modified_ns: now_ns, changed_ns: now_ns };
        self.nodes.insert(number, Node { body, times, opens: 0, charged: false, named: true });
        number
    }
}

/// The cookie of `..`, after which the entries proper begin.
const DOT_DOT_COOKIE: u64 = 2;

impl Times {
    /// The content changed.
    pub(super) fn touch(&mut self, now_ns: u64) {
        self.modified_ns = now_ns;
        self.changed_ns = now_ns;
    }
}

impl Body {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Directory(_) => Kind::Directory,
            Self::File(_) | Self::Fixed(_) => Kind::File,
            Self::Link(_) => Kind::Link,
            Self::Device(_) => Kind::Character,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::File(content) => content.size(),
            Self::Fixed(bytes) => bytes.len() as u64,
            Self::Link(target) => target.len() as u64,
            Self::Directory(_) | Self::Device(_) => 0,
        }
    }
}
