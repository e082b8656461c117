//! What the host says of what lies in its directories.

use std::sync::Arc;

use cap_std::fs::{File, FileType, Metadata, MetadataExt};
use serde::{Deserialize, Serialize};

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
    pub(super) fn of_open(file: &File) -> std::io::Result<Self> {
        let stat = rustix::fs::fstat(file)?;
        let ns = |seconds, rest| number::<i64>(seconds).saturating_mul(1_000_000_000).saturating_add(rest);
        let size = number(stat.st_size);
        Ok(Self {
            // Nothing else is lent.
            kind: Kind::File,
            size,
            times: Times {
                accessed_ns: ns(stat.st_atime, number(stat.st_atime_nsec)),
                modified_ns: ns(stat.st_mtime, number(stat.st_mtime_nsec)),
                changed_ns: ns(stat.st_ctime, number(stat.st_ctime_nsec)),
            },
            device: number(stat.st_dev),
            inode: number(stat.st_ino),
            links: number(stat.st_nlink),
            mode: stat.st_mode,
            sparse: number(stat.st_blocks).saturating_mul(512) < size,
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

/// A number as wide as all of these are held: how wide the system says them differs from machine to machine.
fn number<T: TryInto<u64>>(number: T) -> u64 {
    number.try_into().unwrap_or(0)
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
    pub(super) born_ns: Option<u64>,
    pub(super) print: Fingerprint,
}

impl Identity {
    /// Whether the two are the same file. Its content may have changed, unless nothing else can tell.
    pub(in crate::host::files) fn is(&self, other: &Self) -> bool {
        let place = |identity: &Self| (identity.print.device, identity.print.inode);
        let is_known = self.born_ns.is_some() && self.born_ns == other.born_ns;
        place(self) == place(other) && (is_known || self.print.agrees(&other.print))
    }
}

/// What a directory of the host holds, by name.
#[derive(Debug, Default)]
pub(in crate::host::files) struct Listing {
    pub(in crate::host::files) entries: Vec<HostEntry>,
    /// Whether there are names that are not UTF-8, which a guest cannot see.
    pub(in crate::host::files) hides: bool,
}

/// One name in a directory of the host.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::host::files) struct HostEntry {
    pub(in crate::host::files) name: Arc<str>,
    pub(in crate::host::files) kind: Kind,
    pub(in crate::host::files) inode: u64,
}

impl Listing {
    /// What it takes in memory, about.
    pub(in crate::host::files) fn bytes(&self) -> u64 {
        self.entries.iter().map(HostEntry::bytes).sum()
    }
}

impl HostEntry {
    pub(super) fn bytes(&self) -> u64 {
        64 + self.name.len() as u64
    }
}

/// When a file was made, where the file system knows.
pub(super) fn born_ns(metadata: &Metadata) -> Option<u64> {
    let born = metadata.created().ok().map(cap_std::time::SystemTime::into_std);
    let born = born.and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    born.and_then(|since| u64::try_from(since.as_nanos()).ok())
}
