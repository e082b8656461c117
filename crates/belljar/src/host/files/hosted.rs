//! Where something lies in a mounted directory of the host: plain data that holds nothing open.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::name::is_name;

/// The most names that lead to a place which is read from a snapshot: whoever looks at those above it goes from one to the next.
const SNAPSHOT_NAMES_MAX: usize = 1024;

/// A place in a mount, as the names that lead there from the mounted directory. None of them is `.`, `..` or a symbolic link's at the
/// time of the walk; the host sees to it again at every access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Hosted {
    /// Which mount.
    pub(super) mount: u32,
    path: Arc<str>,
}

impl Hosted {
    /// The mounted directory itself.
    pub(super) fn root(mount: u32) -> Self {
        Self { mount, path: Arc::from("") }
    }

    /// What has this name in the directory.
    pub(super) fn child(&self, name: &str) -> Self {
        let path = if self.is_root() { Arc::from(name) } else { format!("{}/{name}", self.path).into() };
        Self { mount: self.mount, path }
    }

    /// The directory above, within the mount.
    pub(super) fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let above = self.path.rsplit_once('/').map_or("", |(above, _)| above);
        Some(Self { mount: self.mount, path: above.into() })
    }

    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// The names that lead there.
    pub(super) fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.path.split('/').filter(|name| !name.is_empty())
    }

    /// The last name; empty for the mounted directory itself.
    pub(super) fn name(&self) -> &str {
        self.names().next_back().unwrap_or_default()
    }

    /// How many directories lie between the mounted directory and this place, itself counted.
    pub(super) fn depth(&self) -> u32 {
        u32::try_from(self.names().count()).unwrap_or(u32::MAX)
    }
}

/// A place as it was written, which may be anything.
#[derive(Deserialize)]
struct Written {
    mount: u32,
    path: Arc<str>,
}

impl TryFrom<Written> for Hosted {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let Written { mount, path } = written;
        let leads_in = |name: &str| is_name(name.as_bytes());
        let is_plain =
            path.is_empty() || path.split('/').all(leads_in) && path.split('/').count() <= SNAPSHOT_NAMES_MAX;
        if is_plain { Ok(Self { mount, path }) } else { Err("a place on the host leads out of its mount") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_read_lies_in_its_mount() {
        let read = |path: &str| {
            let written = postcard::to_stdvec(&(7u32, path)).unwrap();
            postcard::from_bytes::<Hosted>(&written).map(|place| place.depth())
        };
        assert_eq!(read(""), Ok(0));
        assert_eq!(read("a/b"), Ok(2));
        for path in ["/", "/etc/passwd", "..", "a/../b", "a//b", "a/", "./a", "a\0b", &"a/".repeat(4000)] {
            assert!(read(path).is_err(), "{path}");
        }
    }
}
