//! Saves what code left in `/output` into a directory of the host.

use std::path::Path;

use super::Files;
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::{Source, is_protected};
use crate::error::{Error, Result};
use crate::outcome::{Applied, ChangeKind, File, FileChange, FileKind, RefusedChange};

/// How much is written at once.
const STEP_BYTES: usize = 256 * 1024;

impl Files {
    /// Writes the files in `/output` into a directory that is there, under their own names. Nothing is replaced, no link is followed, and
    /// protected names are refused; what became of each file is told.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the directory cannot be opened.
    pub(crate) fn save_output(&mut self, into: &Path) -> Result<Applied> {
        let target =
            Source::open(into).map_err(|error| Error::io(format!("opening {}", into.display()), error))?;
        let mut saved = Applied::default();
        for file in self.outputs() {
            match self.save(&file, &target) {
                Ok(()) => saved.applied.push(FileChange {
                    path: file.path,
                    kind: ChangeKind::Added,
                    is: FileKind::File,
                    size_bytes: file.size_bytes,
                }),
                Err(error) => {
                    let reason = error.reason().to_owned();
                    saved.refused.push(RefusedChange { path: file.path, reason });
                }
            }
        }
        Ok(saved)
    }

    fn save(&mut self, file: &File, target: &Source) -> std::result::Result<(), FileError> {
        let mut place = Hosted::root(0);
        let names: Vec<&str> = file.path.split('/').collect();
        if names.iter().any(|name| is_protected(name)) {
            return Err(FileError::Protected);
        }
        let (name, above) = names.split_last().ok_or(FileError::Invalid)?;
        for name in above {
            place = place.child(name);
            match target.make_directory(&place) {
                Err(FileError::Exists) if target.stat(&place)?.kind == Kind::Directory => {}
                made => made?,
            }
        }
        let place = place.child(name);
        let id = self.space().output(&file.path)?;
        let saved = target.create_file(&place)?;
        let (mut step, mut at) = (vec![0; STEP_BYTES], 0);
        loop {
            let count = self.space().read_node(&id, at, &mut step)?;
            if count == 0 {
                return Ok(());
            }
            saved.write(at, &step[..count])?;
            at += count as u64;
        }
    }
}
