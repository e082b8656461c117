//! Where something lies in a mounted directory of the host: plain data that holds nothing open.

use std::sync::Arc;

/// A place in a mount, as the names that lead there from the mounted directory. None of them is `.`, `..` or a symbolic link's at the
/// time of the walk; the host sees to it again at every access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
