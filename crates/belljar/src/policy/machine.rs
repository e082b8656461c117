//! What a policy needs of the machine: files that it names, and variables. Nothing else in the library reads them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The most bytes that are read of a policy, a file with certificates, or one with a secret.
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A small file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::io(format!("cannot read {}", path.display()), error);
    let mut content = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::FileTooLong { path: path.to_owned(), most: FILE_BYTES_MAX });
    }
    Ok(content)
}

/// A variable of this process.
pub(super) fn variable(name: &str) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    // Names that hold these there cannot be.
    if name.is_empty() || name.contains(['=', '\0']) {
        return None;
    }
    std::env::var_os(name).map(OsStringExt::into_vec)
}

/// The path that has no links in it.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Whether a directory is there.
pub(super) fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Whether something is there that can be read.
pub(super) fn can_be_read(path: &Path) -> bool {
    File::open(path).is_ok()
}

/// Whether a file lies, or would lie, somewhere below a directory.
pub(super) fn lies_in(file: &Path, directory: &Path) -> bool {
    let own = real(file).or_else(|_| {
        real(file.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    });
    matches!((own, real(directory)), (Ok(own), Ok(directory)) if own.starts_with(&directory))
}
