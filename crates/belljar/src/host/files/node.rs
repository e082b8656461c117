//! What there is in the namespace: nodes, where they come from, and what is known of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::directory::Directory;
use super::hosted::Hosted;
use super::kind::Kind;

/// Where a node comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Id {
    /// Made in this session, by the guest or for it.
    Made(u64),
    /// In the image.
    Packed(u32),
    /// In a mounted directory of the host.
    Host(Hosted),
}

/// Who has what the guest wants to change.
#[derive(Clone, Debug)]
pub(super) enum Holder {
    /// The session: a node made in it.
    Session(u64),
    /// The host: a place in a mount that may be written.
    Host(Hosted),
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    /// Which tree the inode number is of: 1 is memory, then come the mounts.
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) times: Times,
}

/// The device of everything that is not on the host.
pub(crate) const MEMORY_DEVICE: u64 = 1;

/// Nanoseconds since 1970. Reading a file does not change them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) accessed_ns: u64,
    pub(crate) modified_ns: u64,
    pub(crate) changed_ns: u64,
}

impl Times {
    /// The content changed.
    pub(super) fn touch(&mut self, now_ns: u64) {
        self.modified_ns = now_ns;
        self.changed_ns = now_ns;
    }
}

/// Times to be set; None leaves a time as it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct NewTimes {
    pub(crate) accessed_ns: Option<u64>,
    pub(crate) modified_ns: Option<u64>,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) body: Body,
    pub(super) times: Times,
    /// How many descriptors refer to it. Counted anew when a session goes on from a snapshot.
    #[serde(skip)]
    pub(super) opens: u32,
    /// Whether it counts against the session's limits. What is there from the start, or was placed by the caller, does not.
    pub(super) charged: bool,
    /// Whether it has a name. Without one it lives until its last descriptor is closed.
    pub(super) named: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Body {
    Directory(Directory),
    File(Content),
    /// Placed by the caller, read-only.
    Fixed(Arc<[u8]>),
    Link(Box<str>),
    Device(Device),
    /// A file of a copy-on-write mount whose name or times changed, and whose bytes are still the host's: where they are, and how many.
    Lower(Hosted, u64),
    /// The place where a directory of the host is mounted that needs nothing in memory.
    Mount(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Device {
    Null,
    Zero,
    Random,
}

impl Body {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Directory(_) | Self::Mount(_) => Kind::Directory,
            Self::File(_) | Self::Fixed(_) | Self::Lower(..) => Kind::File,
            Self::Link(_) => Kind::Link,
            Self::Device(_) => Kind::Character,
        }
    }

    /// The size of what it holds.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Lower(_, size) => *size,
            other => other.held(),
        }
    }

    /// How many bytes of content it keeps in memory.
    pub(super) fn held(&self) -> u64 {
        match self {
            Self::File(content) => content.size(),
            Self::Fixed(bytes) => bytes.len() as u64,
            Self::Link(target) => target.len() as u64,
            Self::Directory(_) | Self::Device(_) | Self::Lower(..) | Self::Mount(_) => 0,
        }
    }
}
