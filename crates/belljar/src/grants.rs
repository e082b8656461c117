//! What code may reach. Nothing is granted by default.

use std::sync::Arc;

use crate::mount::Mount;

/// What the sessions of a jar are given.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{Grants, Jar};
///
/// let grants = Grants::default().seed(7);
/// let jar = Jar::open("javascript")?.with_grants(grants);
/// let first = jar.run_blocking("[Math.random(), Date.now()]")?;
/// let second = jar.run_blocking("[Math.random(), Date.now()]")?;
/// assert_eq!(first.value.expect("numbers").repr, second.value.expect("numbers").repr);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Grants {
    pub(crate) seed: Option<u64>,
    pub(crate) files: Vec<PlacedFile>,
    pub(crate) mounts: Vec<Mount>,
}

/// A virtual file that a session finds when it begins.
#[derive(Clone, Debug)]
pub(crate) struct PlacedFile {
    pub(crate) path: String,
    pub(crate) content: Arc<[u8]>,
}

impl Grants {
    /// Makes runs repeatable: clock, randomness and scheduling follow from `seed` alone. Two sessions with the same seed, image, code
    /// and inputs print the same bytes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Places a virtual file in every session. The code may read it, not change it; its bytes are shared by all sessions.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) -> Self {
        self.files.push(PlacedFile { path: path.into(), content: content.into() });
        self
    }

    /// Shows a directory of the host to every session. It is opened when a session begins, which fails with
    /// [`Error::Mount`](crate::Error::Mount) when it cannot be.
    #[must_use]
    pub fn mount(mut self, mount: Mount) -> Self {
        self.mounts.push(mount);
        self
    }
}
