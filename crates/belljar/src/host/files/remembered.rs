//! What the host had, remembered from the moment at which a session first changed what it sees of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kind::Kind;

/// What the host had at a place when the session first changed it: what a change is measured against, and what is looked for again
/// before it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) print: Fingerprint,
    /// What was in it, if it was a directory.
    pub(super) children: Remembered,
}

/// What the host had in a directory, by name.
pub(super) type Remembered = BTreeMap<Arc<str>, Covered>;

/// What tells one state of a file of the host from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) modified_ns: u64,
    pub(super) changed_ns: u64,
    pub(super) inode: u64,
    pub(super) device: u64,
    /// Of the content, where it was read: always when it was copied, and when it is small.
    pub(super) hash: Option<[u8; 32]>,
}

impl Fingerprint {
    /// That of any directory: its names are looked at one by one.
    pub(super) fn of_directory() -> Self {
        Self {
            kind: Kind::Directory,
            size: 0,
            modified_ns: 0,
            changed_ns: 0,
            inode: 0,
            device: 0,
            hash: None,
        }
    }

    /// Whether nothing shows that the two are different states.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let plain = |print: &Self| Self { hash: None, ..print.clone() };
        let same_hash = self.hash.is_none() || other.hash.is_none() || self.hash == other.hash;
        match self.kind {
            Kind::Directory => other.kind == Kind::Directory,
            _ => same_hash && plain(self) == plain(other),
        }
    }
}
