//! By what a file of the host is known again, with a hash where its content is read for that.

use super::file::HostFile;
use super::source::Source;
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;
use crate::host::files::kind::Kind;
use crate::host::files::remembered::Fingerprint;

/// The largest file whose content is read only to know it again.
const HASHED_BYTES_MAX: u64 = 1024 * 1024;

/// How much is read at once.
const STEP_BYTES: usize = 256 * 1024;

/// What lies there now, as it will be known again: with its content, if that is small.
pub(super) fn print_of(source: &Source, place: &Hosted) -> Result<Fingerprint, FileError> {
    let seen = source.stat(place)?;
    let hash = match seen.kind {
        Kind::File if seen.size <= HASHED_BYTES_MAX => {
            let file = source.open_file(place, false)?;
            let hash = hash_of_file(&file, seen.size)?;
            if file.stat()?.print() != seen.print() {
                return Err(FileError::Changed);
            }
            Some(hash)
        }
        Kind::Link => Some(hash_of(source.link_target(place)?.as_bytes())),
        Kind::Directory => return Ok(Fingerprint::of_directory()),
        _ => None,
    };
    Ok(Fingerprint { hash, ..seen.print() })
}

/// The hash of a file that has `size` bytes: more or fewer means that it was changed meanwhile.
pub(in crate::host::files) fn hash_of_file(file: &HostFile, size: u64) -> Result<[u8; 32], FileError> {
    let mut hasher = blake3::Hasher::new();
    let (mut step, mut at) = (vec![0; STEP_BYTES], 0);
    loop {
        let count = file.read(at, &mut step)?;
        at += count as u64;
        if at > size || count == 0 && at < size {
            return Err(FileError::Changed);
        }
        if count == 0 {
            return Ok(*hasher.finalize().as_bytes());
        }
        hasher.update(&step[..count]);
    }
}

pub(in crate::host::files) fn hash_of(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}
