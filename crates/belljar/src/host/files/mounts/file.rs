//! An open file of the host, and what the host says of one.

use std::os::fd::OwnedFd;

use cap_std::fs::{File, FileExt, FileType, Metadata, MetadataExt};
use serde::{Deserialize, Serialize};

use super::far::FarFile;
use crate::host::files::error::FileError;
use crate::host::files::kind::Kind;
use crate::host::files::node::Times;
use crate::host::files::remembered::Fingerprint;

/// What is known of something on the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

    /// The same of an open file, by the one system call that looks at a descriptor and at nothing else: a worker has no other.
    fn of_open(file: &File) -> std::io::Result<Self> {
        let stat = rustix::fs::fstat(file)?;
        let ns = |seconds: i64, rest: u64| {
            u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(rest)
        };
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        Ok(Self {
            // Nothing else is lent.
            kind: Kind::File,
            size,
            times: Times {
                accessed_ns: ns(stat.st_atime, stat.st_atime_nsec),
                modified_ns: ns(stat.st_mtime, stat.st_mtime_nsec),
                changed_ns: ns(stat.st_ctime, stat.st_ctime_nsec),
            },
            device: stat.st_dev,
            inode: stat.st_ino,
            links: stat.st_nlink.into(),
            mode: stat.st_mode,
            sparse: u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512) < size,
        })
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

    /// A file that another process has opened to be read.
    pub(super) fn lent(descriptor: OwnedFd, born_ns: Option<u64>) -> Self {
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

/// When a file was made, where the file system knows.
fn born_ns(metadata: &Metadata) -> Option<u64> {
    let born = metadata.created().ok().map(cap_std::time::SystemTime::into_std);
    let born = born.and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    born.and_then(|since| u64::try_from(since.as_nanos()).ok())
}
