//! Why a mount was refused.

/// What is wrong with a mount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountFault {
    /// There is no colon, or nothing behind it.
    #[error("it does not say where the directory is to appear")]
    NoDestination,
    /// The source is empty.
    #[error("it does not name a directory of this machine")]
    NoSource,
    /// The mode is not one.
    #[error("the mode is none of ro, rw and cow")]
    Mode,
    /// The destination does not begin with a slash.
    #[error("the destination is not an absolute path")]
    Relative,
    /// The destination is too long.
    #[error("the destination is longer than 1024 bytes")]
    TooLong,
    /// The destination has empty parts, `.` or `..`.
    #[error("the destination has an empty part, `.` or `..`")]
    NotPlain,
    /// The destination is the root, a device, or a file or directory of the image.
    #[error("the destination is taken")]
    Taken,
    /// Two destinations are the same, or one lies in the other.
    #[error("the destination overlaps that of {other}")]
    Overlaps {
        /// The other mount.
        other: String,
    },
    /// Two sources are the same directory, or one lies in the other, and code may write to one of them.
    #[error("the directory overlaps that of {other}, and one of them can be written")]
    SourceOverlaps {
        /// The other mount.
        other: String,
    },
    /// There is no such directory.
    #[error("there is no such directory on this machine")]
    Missing,
    /// The source is something else.
    #[error("it is not a directory")]
    NotDirectory,
    /// The machine does not let us in.
    #[error("this machine does not let us read it")]
    Denied,
    /// The machine failed in another way.
    #[error("it cannot be opened ({kind})")]
    Machine {
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
}

impl MountFault {
    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NoDestination | Self::NoSource | Self::Mode => {
                "write SRC:DST:MODE, for example src:/work/src:cow; the mode is ro, rw or cow"
            }
            Self::Relative | Self::TooLong | Self::NotPlain => "write the destination as /data or /work/src",
            Self::Taken => "choose another destination, for example /data or /work",
            Self::Overlaps { .. } => "give every mount a place of its own",
            Self::SourceOverlaps { .. } => "mount the outer directory once, or both read-only",
            Self::Missing | Self::NotDirectory => "name a directory that is there",
            Self::Denied => "make it readable for the user that runs this",
            Self::Machine { .. } => "check that the directory can be listed",
        }
    }
}
