//! A session's files as they go from a worker to the process that has its directories, and back: there the embedding program looks at changes,
//! applies them and saves output, with the same code as for a session of its own. What it was shown is what it applies: the files stay there
//! until the session goes on.

use std::sync::Arc;

use super::Files;
use super::frozen::FrozenFiles;
use super::pack::Pack;
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::host::elsewhere::Elsewhere;
use crate::limits::Limits;
use crate::snapshot::refused::SnapshotRefused;

const BROKEN: SnapshotRefused = SnapshotRefused::Content("its files cannot be read");

impl Files {
    /// All files, to be handed over.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`], which no files come to.
    pub(crate) fn hand_over(&self, grants: &Grants) -> Result<Vec<u8>> {
        let frozen = FrozenFiles::freeze(self, grants);
        postcard::to_stdvec(&frozen).map_err(|error| Error::Internal(error.to_string()))
    }

    /// The files that a worker has handed over. It may have fallen: all of it is looked at, and nothing that it had open is.
    ///
    /// # Errors
    ///
    /// [`SnapshotRefused::Content`] when something in it makes no sense, and [`Error::Mount`] when a directory cannot be mounted.
    pub(crate) fn handed_over(
        bytes: &[u8],
        limits: &Limits,
        pack: &Arc<Pack>,
        grants: &Grants,
    ) -> Result<Self> {
        if bytes.len() as u64 > limits.files_bytes.saturating_add(limits.memory_bytes) {
            return Err(SnapshotRefused::Content("its files are larger than the limits allow").into());
        }
        let frozen: FrozenFiles = postcard::from_bytes(bytes).map_err(|_| BROKEN)?;
        frozen.thaw_closed(limits, pack, grants)
    }

    /// Takes back what was handed over, after something was done with it. What is open stays so.
    ///
    /// # Errors
    ///
    /// [`SnapshotRefused::Content`] when it is not what was handed over.
    pub(crate) fn take_back(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        grants: &Grants,
        elsewhere: Option<&Arc<dyn Elsewhere>>,
    ) -> Result<()> {
        let frozen: FrozenFiles = postcard::from_bytes(bytes).map_err(|_| BROKEN)?;
        frozen.replace(self, limits, grants, elsewhere)
    }
}
