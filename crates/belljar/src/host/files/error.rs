//! Why a virtual file was not reached or not changed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::host::meter::NoRoom;

/// What is in the way, in the words of POSIX. Each surface that serves files maps these to its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FileError {
    NotFound,
    Exists,
    IsDirectory,
    NotDirectory,
    NotEmpty,
    ReadOnly,
    NoSpace,
    TooBig,
    TooManyOpen,
    NameTooLong,
    LinkLoop,
    Invalid,
    NulByte,
    BadDescriptor,
    NotSeekable,
    NotSupported,
    /// A link, or a path of the host, leads out of the mount that it lies in.
    Outside,
    /// A name in a mount that code may not change.
    Protected,
    /// A pipe, socket or device of the host.
    Special,
    /// A file of the host that has other names, which may lie outside the mount.
    ManyNames,
    /// From one mount to another, or in or out of one.
    CrossMount,
    /// The place of a mount.
    MountPoint,
    /// The host changed it meanwhile.
    Changed,
    /// A file of the host that was open when a snapshot was taken, and is not there any more.
    Lost,
    /// A file that moved has its bytes there still.
    Needed,
    /// The host does not let us.
    Denied,
    /// The host failed.
    Machine,
}

impl FileError {
    /// Whether we refused it: because of what was granted, or of a limit.
    pub(crate) fn is_refusal(self) -> bool {
        use FileError::{
            CrossMount, Denied, ManyNames, MountPoint, NoSpace, Outside, Protected, ReadOnly, Special,
            TooManyOpen,
        };
        let refusals = [
            CrossMount,
            Denied,
            ManyNames,
            MountPoint,
            NoSpace,
            Outside,
            Protected,
            ReadOnly,
            Special,
            TooManyOpen,
        ];
        refusals.contains(&self)
    }

    /// The reason in words.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "there is no such file or directory",
            Self::Exists => "it exists already",
            Self::IsDirectory => "it is a directory",
            Self::NotDirectory => "a part of it is not a directory",
            Self::NotEmpty => "the directory is not empty",
            Self::ReadOnly => {
                "it is read-only: files can be changed in /tmp, /work, /output and in mounts that are rw or cow"
            }
            Self::NoSpace => "there is no room left for files",
            Self::TooBig => "no file can be that large",
            Self::TooManyOpen => "too many files are open",
            Self::NameTooLong => "the name is too long",
            Self::LinkLoop => "too many symbolic links",
            Self::Invalid => "that makes no sense for this file",
            Self::NulByte => "a path cannot hold a NUL byte",
            Self::BadDescriptor => "there is no such descriptor, or it was opened for something else",
            Self::NotSeekable => "it has no position",
            Self::NotSupported => "that is not offered",
            Self::Outside => "it leads out of the mounted directory",
            Self::Protected => {
                "the name is protected: it could make other programs run code, or holds secrets"
            }
            Self::Special => "it is a pipe, a socket or a device",
            Self::ManyNames => {
                "the file has other names (hard links), which may lie outside the mounted directory"
            }
            Self::CrossMount => "it would cross from one mount to another",
            Self::MountPoint => "a directory of the host is mounted there",
            Self::Changed => "it was changed on the host meanwhile",
            Self::Lost => "it was open on the host, and could not be opened anew where the session went on",
            Self::Needed => "a file that was moved from there is not applied with it",
            Self::Denied => "the host does not allow it",
            Self::Machine => "the host failed",
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for FileError {}

impl From<NoRoom> for FileError {
    fn from(_: NoRoom) -> Self {
        Self::NoSpace
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::Exists,
            ErrorKind::NotADirectory => Self::NotDirectory,
            ErrorKind::IsADirectory => Self::IsDirectory,
            ErrorKind::DirectoryNotEmpty => Self::NotEmpty,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::OutOfMemory => Self::NoSpace,
            ErrorKind::FileTooLarge => Self::TooBig,
            ErrorKind::InvalidFilename => Self::NameTooLong,
            ErrorKind::CrossesDevices => Self::CrossMount,
            ErrorKind::ResourceBusy => Self::MountPoint,
            ErrorKind::TooManyLinks => Self::ManyNames,
            ErrorKind::InvalidInput => Self::Invalid,
            // cap-std says in its own words that a path led outside; the kernel's refusals have a number.
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Self::Outside,
            ErrorKind::PermissionDenied => Self::Denied,
            _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                // A link is in the place of what was seen there: links are never followed here.
                Some(rustix::io::Errno::LOOP) => Self::Outside,
                Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => Self::TooManyOpen,
                _ => Self::Machine,
            },
        }
    }
}
