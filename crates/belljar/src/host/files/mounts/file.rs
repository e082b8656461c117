//! An open file of the host.

use std::os::fd::OwnedFd;

use cap_std::fs::{File, FileExt};

use super::far::FarFile;
use super::seen::{Identity, Seen, born_ns, kind_of};
use crate::host::files::error::FileError;
use crate::host::files::kind::Kind;

/// An open regular file.
#[derive(Debug)]
pub(in crate::host::files) struct HostFile(Held);

/// Who has it open.
#[derive(Debug)]
enum Held {
    Own(File),
    /// Another process has opened it to be read, and lent the descriptor; it knew when the file was made.
    Lent(File, Option<u64>),
    Far(FarFile),
}

impl HostFile {
    /// Makes sure, of the file that was opened and not of its name, that it is one.
    pub(super) fn new(file: File) -> Result<Self, FileError> {
        match kind_of(file.metadata()?.file_type()) {
            Kind::File => Ok(Self(Held::Own(file))),
            Kind::Directory => Err(FileError::IsDirectory),
            _ => Err(FileError::Special),
        }
    }

    /// A file that another process has opened to be read, and when it was made.
    pub(super) fn lent((descriptor, born_ns): (OwnedFd, Option<u64>)) -> Self {
        Self(Held::Lent(File::from_std(descriptor.into()), born_ns))
    }

    /// A file that another process has open.
    pub(super) fn far(file: FarFile) -> Self {
        Self(Held::Far(file))
    }

    /// Whether another process has it open.
    pub(in crate::host::files) fn is_far(&self) -> bool {
        matches!(self.0, Held::Far(_))
    }

    pub(in crate::host::files) fn stat(&self) -> Result<Seen, FileError> {
        match &self.0 {
            Held::Own(file) => Ok(Seen::of(&file.metadata()?)),
            Held::Lent(file, _) => Ok(Seen::of_open(file)?),
            Held::Far(file) => file.stat(),
        }
    }

    /// What it is known again by.
    pub(in crate::host::files) fn identity(&self) -> Result<Identity, FileError> {
        let born_ns = match &self.0 {
            Held::Own(file) => born_ns(&file.metadata()?),
            Held::Lent(_, born_ns) => *born_ns,
            Held::Far(file) => return file.identity(),
        };
        Ok(Identity { born_ns, print: self.stat()?.print() })
    }

    /// Reads at an offset, until `into` is full or the file ends.
    pub(in crate::host::files) fn read(&self, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let mut done = 0;
        while done < into.len() {
            match self.read_some(offset.saturating_add(done as u64), &mut into[done..])? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    fn read_some(&self, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let file = match &self.0 {
            Held::Own(file) | Held::Lent(file, _) => file,
            Held::Far(file) => return file.read(offset, into),
        };
        loop {
            match file.read_at(into, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => return Ok(read?),
            }
        }
    }

    /// Writes all of `bytes` at an offset.
    pub(in crate::host::files) fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        match &self.0 {
            Held::Far(file) => file.write(offset, bytes),
            _ => Ok(self.own()?.write_all_at(bytes, offset)?),
        }
    }

    pub(in crate::host::files) fn set_size(&self, size: u64) -> Result<(), FileError> {
        match &self.0 {
            Held::Far(file) => file.set_size(size),
            _ => Ok(self.own()?.set_len(size)?),
        }
    }

    /// Makes sure that the content is on disk.
    pub(in crate::host::files) fn sync(&self) -> Result<(), FileError> {
        Ok(self.own()?.sync_all()?)
    }

    /// The file, where it was opened by this process.
    pub(super) fn own(&self) -> Result<&File, FileError> {
        match &self.0 {
            Held::Own(file) => Ok(file),
            Held::Lent(..) | Held::Far(_) => Err(FileError::NotSupported),
        }
    }

    /// The descriptor of a file that was opened to be read, and when that was made: for the process that it is lent to.
    pub(super) fn lend(self) -> Result<(OwnedFd, Option<u64>), FileError> {
        let born_ns = born_ns(&self.own()?.metadata()?);
        match self.0 {
            Held::Own(file) => Ok((file.into_std().into(), born_ns)),
            Held::Lent(..) | Held::Far(_) => Err(FileError::NotSupported),
        }
    }
}
