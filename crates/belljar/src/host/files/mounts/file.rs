//! An open file of the host, and what the host says of one.

use cap_std::fs::{File, FileExt, FileType, Metadata, MetadataExt};
use serde::{Deserialize, Serialize};

use crate::host::files::error::FileError;
use crate::host::files::kind::Kind;
use crate::host::files::node::Times;
use crate::host::files::remembered::Fingerprint;

/// What is known of something on the host.
#[derive(Clone, Debug)]
pub(in crate::host::files) struct Seen {
    pub(in crate::host::files) kind: Kind,
    pub(in crate::host::files) size: u64,
    pub(in crate::host::files) times: Times,
    pub(in crate::host::files) device: u64,
    pub(in crate::host::files) inode: u64,
    /// How many names it has.
    pub(in crate::host::files) links: u64,
    /// Permissions.
    pub(in crate::host::files) mode: u32,
    /// Whether it takes up less of the disk than its size: a write into it may take more.
    pub(in crate::host::files) sparse: bool,
}

impl Seen {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, rest: i64| {
            let seconds = u64::try_from(seconds).unwrap_or(0);
            seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(rest).unwrap_or(0))
        };
        let kind = kind_of(metadata.file_type());
        Self {
            kind,
            size: if kind == Kind::Directory { 0 } else { metadata.len() },
            times: Times {
                accessed_ns: ns(metadata.atime(), metadata.atime_nsec()),
                modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
                changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            },
            device: metadata.dev(),
            inode: metadata.ino(),
            links: metadata.nlink(),
            mode: metadata.mode(),
            sparse: metadata.blocks().saturating_mul(512) < metadata.len(),
        }
    }

    /// What tells this state of the file from another, without its content.
    pub(in crate::host::files) fn print(&self) -> Fingerprint {
        Fingerprint {
            kind: self.kind,
            size: self.size,
            modified_ns: self.times.modified_ns,
            changed_ns: self.times.changed_ns,
            inode: self.inode,
            device: self.device,
            hash: None,
        }
    }
}

pub(super) fn kind_of(kind: FileType) -> Kind {
    if kind.is_dir() {
        Kind::Directory
    } else if kind.is_file() {
        Kind::File
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Special
    }
}

/// What tells an open file from every other that may have its name later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::host::files) struct Identity {
    /// When it was made, where the file system knows: numbers of inodes are used again.
    born_ns: Option<u64>,
    print: Fingerprint,
}

impl Identity {
    /// Whether the two are the same file. Its content may have changed, unless nothing else can tell.
    pub(in crate::host::files) fn is(&self, other: &Self) -> bool {
        let place = |identity: &Self| (identity.print.device, identity.print.inode);
        let is_known = self.born_ns.is_some() && self.born_ns == other.born_ns;
        place(self) == place(other) && (is_known || self.print.agrees(&other.print))
    }
}

/// An open regular file.
#[derive(Debug)]
pub(in crate::host::files) struct HostFile(File);

impl HostFile {
    /// Makes sure, of the file that was opened and not of its name, that it is one.
    pub(super) fn new(file: File) -> Result<Self, FileError> {
        match kind_of(file.metadata()?.file_type()) {
            Kind::File => Ok(Self(file)),
            Kind::Directory => Err(FileError::IsDirectory),
            _ => Err(FileError::Special),
        }
    }

    pub(in crate::host::files) fn stat(&self) -> Result<Seen, FileError> {
        Ok(Seen::of(&self.0.metadata()?))
    }

    /// What it is known again by.
    pub(in crate::host::files) fn identity(&self) -> Result<Identity, FileError> {
        let metadata = self.0.metadata()?;
        let born = metadata.created().ok().map(cap_std::time::SystemTime::into_std);
        let born = born.and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
        let born_ns = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Ok(Identity { born_ns, print: Seen::of(&metadata).print() })
    }

    /// Reads at an offset, until `into` is full or the file ends.
    pub(in crate::host::files) fn read(&self, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        let mut done = 0;
        while done < into.len() {
            match self.0.read_at(&mut into[done..], offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    /// Writes all of `bytes` at an offset.
    pub(in crate::host::files) fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        Ok(self.0.write_all_at(bytes, offset)?)
    }

    pub(in crate::host::files) fn set_size(&self, size: u64) -> Result<(), FileError> {
        Ok(self.0.set_len(size)?)
    }

    /// Makes sure that the content is on disk.
    pub(in crate::host::files) fn sync(&self) -> Result<(), FileError> {
        Ok(self.0.sync_all()?)
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}
