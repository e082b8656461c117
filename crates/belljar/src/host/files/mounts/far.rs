//! Directories of the host that another process has: each operation is a question to it, and it decides.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde_bytes::ByteBuf;

use super::ask::{Ask, FileAsk, FileReply, PIECE_BYTES_MAX, Told};
use super::seen::{Identity, Listing, Seen};
use crate::host::elsewhere::Elsewhere;
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;

/// A session's way to the process that has its directories.
#[derive(Clone, Debug)]
pub(in crate::host::files) struct Far(Arc<dyn Elsewhere>);

impl Far {
    pub(super) fn new(elsewhere: Arc<dyn Elsewhere>) -> Self {
        Self(elsewhere)
    }

    /// Whether it was another until now.
    pub(super) fn ask_from_now_on(&mut self, elsewhere: &Arc<dyn Elsewhere>) -> bool {
        let other = !Arc::ptr_eq(&self.0, elsewhere);
        if other {
            self.0 = Arc::clone(elsewhere);
        }
        other
    }

    fn put(&self, ask: Ask) -> Result<(Told, Option<OwnedFd>), FileError> {
        let (FileReply(reply), descriptor) = self.0.file(FileAsk(ask));
        Ok((reply?, descriptor))
    }

    pub(super) fn ask(&self, ask: Ask) -> Result<Told, FileError> {
        self.put(ask).map(|(told, _)| told)
    }

    /// For what is done or not.
    pub(super) fn done(&self, ask: Ask) -> Result<(), FileError> {
        self.ask(ask).map(drop)
    }

    /// For what is only told. Where nobody is there, nobody listens.
    pub(super) fn tell(&self, ask: Ask) {
        let _ = self.done(ask);
    }

    /// All names of a directory.
    pub(super) fn list(&self, place: &Hosted) -> Result<Listing, FileError> {
        let mut listing = Listing::default();
        let mut ask = Ask::List(place.clone());
        while let Told::Names { entries, hides, more } = self.ask(ask)? {
            listing.entries.extend(entries);
            listing.hides |= hides;
            if !more {
                return Ok(listing);
            }
            ask = Ask::ListOn;
        }
        Err(FileError::Machine)
    }

    /// Opens a file to read it: its descriptor is lent to this process, and is good for nothing else. With when the file was made.
    pub(super) fn open_to_read(&self, place: &Hosted) -> Result<(OwnedFd, Option<u64>), FileError> {
        match self.put(Ask::OpenToRead(place.clone()))? {
            (Told::Lent(born_ns), Some(descriptor)) => Ok((descriptor, born_ns)),
            _ => Err(FileError::Machine),
        }
    }

    /// Opens or makes a file to write to it, which the other process keeps.
    pub(super) fn open_to_write(&self, ask: Ask) -> Result<FarFile, FileError> {
        match self.ask(ask)? {
            Told::Opened(number) => Ok(FarFile { far: self.clone(), number }),
            _ => Err(FileError::Machine),
        }
    }
}

/// A file that the other process has open for this session.
#[derive(Debug)]
pub(super) struct FarFile {
    far: Far,
    number: u32,
}

impl FarFile {
    pub(super) fn stat(&self) -> Result<Seen, FileError> {
        match self.far.ask(Ask::StatOpen(self.number))? {
            Told::Seen(seen) => Ok(seen),
            _ => Err(FileError::Machine),
        }
    }

    pub(super) fn identity(&self) -> Result<Identity, FileError> {
        match self.far.ask(Ask::Identity(self.number))? {
            Told::Identity(identity) => Ok(identity),
            _ => Err(FileError::Machine),
        }
    }

    /// Reads at an offset, as much as one reply carries.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let len = u32::try_from(into.len().min(PIECE_BYTES_MAX)).unwrap_or(u32::MAX);
        let Told::Bytes(bytes) = self.far.ask(Ask::Read { file: self.number, at, len })? else {
            return Err(FileError::Machine);
        };
        into.get_mut(..bytes.len()).ok_or(FileError::Machine)?.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    /// Writes all of `bytes` at an offset.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), FileError> {
        let (mut at, mut follow) = (at, bytes.len() as u64);
        for piece in bytes.chunks(PIECE_BYTES_MAX) {
            follow -= piece.len() as u64;
            let bytes = ByteBuf::from(piece);
            self.far.done(Ask::Write { file: self.number, at, bytes, follow })?;
            at = at.saturating_add(piece.len() as u64);
        }
        Ok(())
    }

    pub(super) fn set_size(&self, size: u64) -> Result<(), FileError> {
        self.far.done(Ask::SetSize(self.number, size))
    }
}

impl Drop for FarFile {
    fn drop(&mut self) {
        self.far.tell(Ask::Close(self.number));
    }
}
