//! The error numbers of preview 1 that we give, and what becomes which.

use crate::host::files::FileError;
use crate::host::memory::OutOfBounds;
use crate::host::stop::Stop;

/// An error number of preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Errno {
    Acces = 2,
    Badf = 8,
    Busy = 10,
    Exist = 20,
    Fault = 21,
    Fbig = 22,
    Ilseq = 25,
    Intr = 27,
    Inval = 28,
    Io = 29,
    Isdir = 31,
    Loop = 32,
    Mfile = 33,
    Mlink = 34,
    Nametoolong = 37,
    Noent = 44,
    Nospc = 51,
    Notdir = 54,
    Notempty = 55,
    Notsup = 58,
    Nxio = 60,
    Overflow = 61,
    Perm = 63,
    Rofs = 69,
    Spipe = 70,
    Stale = 72,
    Xdev = 75,
    Notcapable = 76,
}

impl Errno {
    /// The number that the guest sees.
    pub(crate) fn number(self) -> u32 {
        u32::from(self as u8)
    }
}

/// Why a call was not served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The guest is told, and goes on.
    Errno(Errno),
    /// The run ends.
    Stop(Stop),
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<OutOfBounds> for Refusal {
    fn from(_: OutOfBounds) -> Self {
        Self::Errno(Errno::Fault)
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        Self::Errno(match error {
            FileError::NotFound => Errno::Noent,
            FileError::Exists => Errno::Exist,
            FileError::IsDirectory => Errno::Isdir,
            FileError::NotDirectory => Errno::Notdir,
            FileError::NotEmpty => Errno::Notempty,
            FileError::ReadOnly => Errno::Rofs,
            FileError::NoSpace => Errno::Nospc,
            FileError::TooBig => Errno::Fbig,
            FileError::TooManyOpen => Errno::Mfile,
            FileError::NameTooLong => Errno::Nametoolong,
            FileError::LinkLoop => Errno::Loop,
            FileError::Invalid | FileError::NulByte => Errno::Inval,
            FileError::BadDescriptor => Errno::Badf,
            FileError::NotSeekable => Errno::Spipe,
            FileError::NotSupported => Errno::Notsup,
            FileError::Outside => Errno::Notcapable,
            FileError::Protected | FileError::Denied => Errno::Acces,
            FileError::Special => Errno::Nxio,
            FileError::ManyNames => Errno::Mlink,
            FileError::CrossMount => Errno::Xdev,
            FileError::MountPoint | FileError::Needed => Errno::Busy,
            FileError::Changed | FileError::Lost => Errno::Stale,
            FileError::Machine => Errno::Io,
        })
    }
}
