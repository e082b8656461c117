//! One directory: names in order, and a second order that a listing can go by while names come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Cookies below this one belong to `.` and `..` and to what lies in the image's directory of the same path.
pub(super) const FIRST_COOKIE: u64 = 1 << 32;

/// A directory that is not only in the image.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    /// The directory above; the root is its own.
    pub(super) parent: u64,
    /// Whether the guest may change what is in it.
    pub(super) writable: bool,
    /// The image's directory at the same path, whose entries show through.
    pub(super) under: Option<u32>,
    entries: BTreeMap<Arc<str>, Entry>,
    /// Entries by their cookies. A cookie is never given twice, so a listing that goes on after one misses and repeats nothing.
    order: BTreeMap<u64, Arc<str>>,
    next_cookie: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    cookie: u64,
}

impl Directory {
    pub(super) fn new(parent: u64, writable: bool, under: Option<u32>) -> Self {
        Self {
            parent,
            writable,
            under,
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            next_cookie: FIRST_COOKIE,
        }
    }

    /// The number of the node that has this name.
    pub(super) fn get(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.number)
    }

    /// Gives a node a name. A node that had it before loses it.
    pub(super) fn insert(&mut self, name: &str, number: u64) {
        self.remove(name);
        let name = Arc::<str>::from(name);
        let cookie = self.next_cookie;
        self.next_cookie += 1;
        self.order.insert(cookie, Arc::clone(&name));
        self.entries.insert(name, Entry { number, cookie });
    }

    /// Takes a name away from its node, which is returned.
    pub(super) fn remove(&mut self, name: &str) -> Option<u64> {
        let entry = self.entries.remove(name)?;
        self.order.remove(&entry.cookie);
        Some(entry.number)
    }

    /// Names and nodes, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().map(|(name, entry)| (&**name, entry.number))
    }

    /// The next entry of a listing: its cookie, name and node.
    pub(super) fn after(&self, cookie: u64) -> Option<(u64, &str, u64)> {
        let (cookie, name) = self.order.range(cookie.checked_add(1)?..).next()?;
        Some((*cookie, name, self.get(name)?))
    }
}
