//! Why a virtual file was not reached or not changed.

use std::fmt;

use crate::host::meter::NoRoom;

/// What is in the way, in the words of POSIX. Each surface that serves files maps these to its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl FileError {
    /// The reason in words.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "there is no such file or directory",
            Self::Exists => "it exists already",
            Self::IsDirectory => "it is a directory",
            Self::NotDirectory => "a part of it is not a directory",
            Self::NotEmpty => "the directory is not empty",
            Self::ReadOnly => "it is read-only: files can be changed in /tmp, /work and /output",
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
