//! One directory: names in order, and a second order that a listing can go by while names come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::hosted::Hosted;
use super::name::is_name;
use super::remembered::Remembered;

/// Cookies below this one belong to `.` and `..` and to what lies under the directory.
pub(super) const FIRST_COOKIE: u64 = 1 << 32;

/// A directory that is not only in the image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Directory {
    /// The directory above; the root is its own.
    pub(super) parent: u64,
    /// Whether the guest may change what is in it.
    pub(super) writable: bool,
    /// The directory at the same path whose entries show through.
    pub(super) under: Option<Under>,
    entries: BTreeMap<Arc<str>, Entry>,
    /// Entries by their cookies. A cookie is never given twice, so a listing that goes on after one misses and repeats nothing.
    order: BTreeMap<u64, Arc<str>>,
    next_cookie: u64,
}

/// What lies under a directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Under {
    /// A directory of the image.
    Packed(u32),
    /// A directory of a copy-on-write mount.
    Host {
        place: Hosted,
        /// What the host had under names that the session has removed or replaced, which no longer shows through.
        #[serde(with = "super::remembered::written")]
        covered: Remembered,
        /// Whether nothing shows through: the directory was removed, and made anew.
        opaque: bool,
    },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Entry {
    number: u64,
    cookie: u64,
}

impl Directory {
    pub(super) fn new(parent: u64, writable: bool, under: Option<Under>) -> Self {
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

    /// Whether its two orders are the same, as they are unless they were read from elsewhere, with numbers below `most`.
    pub(super) fn is_whole(&self, most: u64) -> bool {
        let is_listed = |(name, entry): (&Arc<str>, &Entry)| {
            is_name(name.as_bytes())
                && (FIRST_COOKIE..self.next_cookie).contains(&entry.cookie)
                && self.order.get(&entry.cookie) == Some(name)
        };
        self.next_cookie <= most
            && self.order.len() == self.entries.len()
            && self.entries.iter().all(is_listed)
    }

    /// What lies under it on the host, and what is remembered of that.
    pub(super) fn covering(&self) -> Option<(&Hosted, &Remembered)> {
        match &self.under {
            Some(Under::Host { place, covered, .. }) => Some((place, covered)),
            _ => None,
        }
    }

    /// What is remembered of the host's directory under it.
    pub(super) fn covered_mut(&mut self) -> Option<&mut Remembered> {
        match &mut self.under {
            Some(Under::Host { covered, .. }) => Some(covered),
            _ => None,
        }
    }

    /// The place on the host whose name shows through here, unless something is in front of it.
    pub(super) fn showing(&self, name: &str) -> Option<Hosted> {
        match &self.under {
            Some(Under::Host { place, covered, opaque: false })
                if self.get(name).is_none() && !covered.contains_key(name) =>
            {
                Some(place.child(name))
            }
            _ => None,
        }
    }
}
