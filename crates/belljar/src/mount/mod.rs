//! Mounts: directories of the host that code may reach, and how.

pub(crate) mod fault;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::limits::MIB;
use fault::MountFault;

/// The longest path that a mount can have inside, in bytes.
const DESTINATION_BYTES_MAX: usize = 1024;

/// Places that a mount cannot have: the root, and what the host provides itself.
const TAKEN: [&str; 2] = ["dev", "proc"];

/// A directory of the host, the path at which code finds it, and what code may do with it.
///
/// ```
/// use belljar::{Mount, MountMode};
///
/// let mount = Mount::copy_on_write("src", "/work/src");
/// assert_eq!("src:/work/src:cow".parse::<Mount>()?, mount);
/// assert_eq!("src:/data".parse::<Mount>()?.mode(), MountMode::ReadOnly);
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub(crate) source: PathBuf,
    pub(crate) destination: String,
    pub(crate) mode: MountMode,
    pub(crate) bytes_max: u64,
    pub(crate) files_max: u32,
    pub(crate) open_files_max: u32,
    pub(crate) protects: bool,
}

/// What code may do with a mounted directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum MountMode {
    /// Read it.
    #[default]
    #[serde(rename = "ro")]
    ReadOnly,
    /// Read it and change it. What is written is on the host at once, and stays.
    #[serde(rename = "rw")]
    ReadWrite,
    /// Read it, and change what it sees of it. The host's files stay as they are: every change is kept in memory, can be reviewed, and
    /// applied by the host.
    #[serde(rename = "cow")]
    CopyOnWrite,
}

impl Mount {
    /// A directory that code can read.
    #[must_use]
    pub fn read_only(source: impl Into<PathBuf>, destination: impl Into<String>) -> Self {
        Self::new(source.into(), destination.into(), MountMode::ReadOnly)
    }

    /// A directory that code can read and change.
    #[must_use]
    pub fn read_write(source: impl Into<PathBuf>, destination: impl Into<String>) -> Self {
        Self::new(source.into(), destination.into(), MountMode::ReadWrite)
    }

    /// A directory that code can read, whose changes are kept in memory: see [`Session::changes`](crate::Session::changes).
    #[must_use]
    pub fn copy_on_write(source: impl Into<PathBuf>, destination: impl Into<String>) -> Self {
        Self::new(source.into(), destination.into(), MountMode::CopyOnWrite)
    }

    fn new(source: PathBuf, destination: String, mode: MountMode) -> Self {
        let (bytes_max, files_max, open_files_max) = (256 * MIB, 10_000, 64);
        Self { source, destination, mode, bytes_max, files_max, open_files_max, protects: true }
    }

    /// How many bytes one session may add to files of a mount that it can write (256 MiB, unless this is called). What it removes is
    /// not given back. Copy-on-write mounts keep to [`Limits::files_bytes`](crate::Limits::files_bytes) instead.
    #[must_use]
    pub fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// How many files, directories and links one session may make in a mount that it can write (10,000, unless this is called). What
    /// it removes is not given back. Copy-on-write mounts keep to [`Limits::files_count`](crate::Limits::files_count) instead.
    #[must_use]
    pub fn files_max(mut self, files: u32) -> Self {
        self.files_max = files;
        self
    }

    /// How many of the host's files one session may have open in this mount (64, unless this is called).
    #[must_use]
    pub fn open_files_max(mut self, files: u32) -> Self {
        self.open_files_max = files;
        self
    }

    /// Lets code change, and lets changes be applied to, names that make other programs run code or hold secrets: `.git`, `.bashrc`,
    /// `.ssh`, `.env` and their like (`SECURITY.md` lists them). Without this they are refused.
    #[must_use]
    pub fn unprotected(mut self) -> Self {
        self.protects = false;
        self
    }

    /// The directory of the host.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The path at which code finds it.
    #[must_use]
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// What code may do with it.
    #[must_use]
    pub fn mode(&self) -> MountMode {
        self.mode
    }

    /// Checks the destination: an absolute path, plainly written, that is not taken.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |fault| Err(self.refused(fault));
        if self.source.as_os_str().is_empty() {
            return refuse(MountFault::NoSource);
        }
        let Some(rest) = self.destination.strip_prefix('/') else { return refuse(MountFault::Relative) };
        if rest.is_empty() {
            return refuse(MountFault::Taken);
        }
        if self.destination.len() > DESTINATION_BYTES_MAX {
            return refuse(MountFault::TooLong);
        }
        let plain = |name: &str| {
            !name.is_empty() && name.len() <= 255 && name != "." && name != ".." && !name.contains('\0')
        };
        if !rest.split('/').all(plain) {
            return refuse(MountFault::NotPlain);
        }
        if rest.split('/').next().is_some_and(|first| TAKEN.contains(&first)) {
            return refuse(MountFault::Taken);
        }
        Ok(())
    }

    /// Whether one destination is the other, or lies in it.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let within =
            |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        within(&self.destination, &other.destination) || within(&other.destination, &self.destination)
    }

    pub(crate) fn refused(&self, fault: MountFault) -> Error {
        Error::Mount { mount: self.to_string(), fault }
    }
}

impl FromStr for Mount {
    type Err = Error;

    /// Reads `SRC:DST[:ro|rw|cow]`; without a mode, `ro`. SRC may contain colons, DST may not.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = |fault| Err(Error::Mount { mount: text.to_owned(), fault });
        let (rest, mode) = match text.rsplit_once(':') {
            Some((rest, "ro")) => (rest, MountMode::ReadOnly),
            Some((rest, "rw")) => (rest, MountMode::ReadWrite),
            Some((rest, "cow")) => (rest, MountMode::CopyOnWrite),
            // What follows a destination and is no path can only be meant as a mode.
            Some((rest, word)) if !word.contains('/') && rest.contains(":/") => {
                return refuse(MountFault::Mode);
            }
            _ => (text, MountMode::ReadOnly),
        };
        let Some((source, destination)) = rest.rsplit_once(':') else {
            return refuse(MountFault::NoDestination);
        };
        let mount = Self::new(source.into(), destination.to_owned(), mode);
        match mount.check() {
            Err(Error::Mount { fault, .. }) => refuse(fault),
            checked => checked.map(|()| mount),
        }
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.display(), self.destination, self.mode)
    }
}

impl fmt::Display for MountMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "ro",
            Self::ReadWrite => "rw",
            Self::CopyOnWrite => "cow",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> MountFault {
        match text.parse::<Mount>() {
            Err(Error::Mount { fault, .. }) => fault,
            other => panic!("{text:?} gives {other:?}"),
        }
    }

    #[test]
    fn a_mount_is_source_destination_and_mode() {
        let mount: Mount = "a:b:/c d:cow".parse().unwrap();
        assert_eq!((mount.source.to_str(), &*mount.destination), (Some("a:b"), "/c d"));
        assert_eq!(mount.mode, MountMode::CopyOnWrite);
        assert_eq!("ro:/x".parse::<Mount>().unwrap(), Mount::read_only("ro", "/x"));
        assert_eq!(".:/x:rw".parse::<Mount>().unwrap(), Mount::read_write(".", "/x"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(fault(""), MountFault::NoDestination);
        assert_eq!(fault("src"), MountFault::NoDestination);
        assert_eq!(fault("src:ro"), MountFault::NoDestination);
        assert_eq!(fault(":/x"), MountFault::NoSource);
        assert_eq!(fault("src:x"), MountFault::Relative);
        assert_eq!(fault("src::ro"), MountFault::Relative);
        assert_eq!(fault("src:/x:wr"), MountFault::Mode);
        assert_eq!(fault("src:/x:"), MountFault::Mode);
        for path in ["/x/../y", "/./x", "/x//y", "/x/", "//", "/..", "/x\0"] {
            assert_eq!(fault(&format!("src:{path}:ro")), MountFault::NotPlain, "{path:?}");
        }
        for path in ["/", "/dev", "/dev/shm", "/proc/self"] {
            assert_eq!(fault(&format!("src:{path}:rw")), MountFault::Taken, "{path:?}");
        }
        assert_eq!(fault(&format!("src:/{}", "a/".repeat(999) + "a")), MountFault::TooLong);
    }

    #[test]
    fn destinations_overlap_by_parts_and_not_by_letters() {
        let at = |destination: &str| Mount::read_only("x", destination);
        assert!(at("/a").overlaps(&at("/a")));
        assert!(at("/a/b").overlaps(&at("/a")) && at("/a").overlaps(&at("/a/b")));
        assert!(!at("/ab").overlaps(&at("/a")));
    }

    proptest! {
        /// What is accepted is absolute and plain, and reads as it is shown.
        #[test]
        fn whatever_is_given_is_refused_or_plain(text in "[a:/.\u{0}é ]{0,24}(:ro|:rw|:cow|)") {
            if let Ok(mount) = text.parse::<Mount>() {
                let is_plain = mount.destination.split('/').all(|part| part != "..");
                prop_assert!(mount.destination.starts_with('/') && is_plain);
                prop_assert_eq!(mount.to_string().parse::<Mount>().unwrap(), mount);
            }
        }
    }
}
