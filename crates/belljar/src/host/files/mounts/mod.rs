//! The mounted directories of a session: what may be done in each, and how much.
//!
//! [`source`] and [`file`] touch the host. This file decides: every change is checked against the mode, the protected names and the
//! mount's quota first. Calls block for as long as the host takes; each moves a bounded number of bytes.

mod file;
mod guard;
mod source;

use std::fmt;
use std::sync::Arc;

use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::node::{NewTimes, Stat};
use crate::error::Result;
use crate::mount::fault::MountFault;
use crate::mount::{Mount, MountMode};

pub(super) use file::{HostFile, Identity, Seen};
pub(super) use guard::{is_protected, stays_within};
pub(super) use source::{Listing, Source};

/// The first device number of mounts. Memory has 1.
const FIRST_DEVICE: u64 = 2;

/// The most directories that are looked at to find out how deep something is.
const HEIGHT_DIRECTORIES_MAX: usize = 10_000;

/// All mounts of a session. A copy counts on its own, and shares what is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Mounts(Vec<Mounted>);

/// A mounted directory, and what the session has used of it.
#[derive(Clone)]
struct Mounted {
    grant: Mount,
    source: Arc<Source>,
    bytes: u64,
    files: u32,
}

impl Mounts {
    /// Opens the directories.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) names the first mount that cannot be, and why.
    pub(super) fn open(grants: &[Mount]) -> Result<Self> {
        for (index, grant) in grants.iter().enumerate() {
            grant.check()?;
            if let Some(other) = grants[..index].iter().find(|other| other.overlaps(grant)) {
                return Err(grant.refused(MountFault::Overlaps { other: other.to_string() }));
            }
        }
        let mut mounts = Vec::new();
        for grant in grants {
            let source = Source::open(&grant.source).map_err(|error| grant.refused(fault_of(&error)))?;
            mounts.push(Mounted { grant: grant.clone(), source: Arc::new(source), bytes: 0, files: 0 });
        }
        for (index, one) in mounts.iter().enumerate() {
            let writes = |mounted: &Mounted| mounted.grant.mode == MountMode::ReadWrite;
            for other in mounts[..index].iter().filter(|other| writes(one) || writes(other)) {
                let overlap = Source::overlap(&one.source, &other.source);
                if overlap.map_err(|error| one.grant.refused(fault_of(&error)))? {
                    let other = other.grant.to_string();
                    return Err(one.grant.refused(MountFault::SourceOverlaps { other }));
                }
            }
        }
        Ok(Self(mounts))
    }

    /// What was used of each mount's quota, in bytes and files.
    pub(super) fn used(&self) -> Vec<(u64, u32)> {
        self.0.iter().map(|mounted| (mounted.bytes, mounted.files)).collect()
    }

    /// Goes on with what was used already. None unless that is said of each mount.
    pub(super) fn go_on(mut self, used: Vec<(u64, u32)>) -> Option<Self> {
        if used.len() != self.0.len() {
            return None;
        }
        for (mounted, (bytes, files)) in self.0.iter_mut().zip(used) {
            (mounted.bytes, mounted.files) = (bytes, files);
        }
        Some(self)
    }

    /// The mounts, with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Mount)> {
        (0..).zip(self.0.iter().map(|mounted| &mounted.grant))
    }

    /// The directory of the host that a place lies in.
    pub(super) fn source(&self, place: &Hosted) -> Result<&Arc<Source>, FileError> {
        Ok(&self.mounted(place)?.source)
    }

    pub(super) fn mode(&self, place: &Hosted) -> Result<MountMode, FileError> {
        Ok(self.mounted(place)?.grant.mode)
    }

    /// What the guest is told of what lies there.
    pub(super) fn stat(&self, place: &Hosted) -> Result<Stat, FileError> {
        Ok(Self::told(place.mount, &self.source(place)?.stat(place)?))
    }

    /// What the guest is told of something that was seen in a mount.
    pub(super) fn told(mount: u32, seen: &Seen) -> Stat {
        let Seen { kind, size, times, inode, .. } = *seen;
        Stat { device: FIRST_DEVICE + u64::from(mount), inode, kind, size, times }
    }

    /// What lies there, if anything does.
    pub(super) fn find(&self, place: &Hosted) -> Result<Option<Kind>, FileError> {
        match self.source(place)?.stat(place) {
            Ok(seen) => Ok(Some(seen.kind)),
            Err(FileError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The most files of the host that may be open in the mount at once.
    pub(super) fn open_files_max(&self, mount: u32) -> usize {
        self.0.get(mount as usize).map_or(0, |mounted| mounted.grant.open_files_max as usize)
    }

    /// Opens a file to write to it: not if it has names elsewhere.
    pub(super) fn open_to_write(&self, place: &Hosted) -> Result<HostFile, FileError> {
        let file = self.to_change(place)?.source.open_file(place, true)?;
        if file.stat()?.links > 1 { Err(FileError::ManyNames) } else { Ok(file) }
    }

    /// Makes a file.
    pub(super) fn create_file(&mut self, place: &Hosted) -> Result<HostFile, FileError> {
        self.to_make(place)?.source.create_file(place).inspect(|_| self.made(place))
    }

    /// Makes a directory.
    pub(super) fn make_directory(&mut self, place: &Hosted) -> Result<(), FileError> {
        self.to_make(place)?.source.make_directory(place).inspect(|()| self.made(place))
    }

    /// Makes a symbolic link to something in the same directory or below it: what lies in such a directory stays so when it is moved.
    pub(super) fn make_link(&mut self, place: &Hosted, target: &str) -> Result<(), FileError> {
        let mounted = self.to_make(place)?;
        if !stays_within(target, 0) {
            return Err(FileError::Outside);
        }
        mounted.source.make_link(place, target).inspect(|()| self.made(place))
    }

    /// Removes a file or link.
    pub(super) fn remove_file(&self, place: &Hosted) -> Result<(), FileError> {
        self.to_change(place)?.source.remove_file(place)
    }

    /// Removes an empty directory.
    pub(super) fn remove_directory(&self, place: &Hosted) -> Result<(), FileError> {
        self.to_change(place)?.source.remove_directory(place)
    }

    /// Renames within one mount.
    pub(super) fn rename(&self, from: &Hosted, to: &Hosted) -> Result<(), FileError> {
        if from.mount != to.mount {
            return Err(FileError::CrossMount);
        }
        self.to_change(from)?;
        let mounted = self.to_change(to)?;
        mounted.source.rename(from, to)
    }

    /// Sets the times of a file or directory.
    pub(super) fn set_times(&self, place: &Hosted, new: NewTimes) -> Result<(), FileError> {
        self.to_change(place)?.source.set_times(place, new)
    }

    /// Writes to a file, the mount's quota charged first.
    pub(super) fn write(
        &mut self,
        place: &Hosted,
        file: &HostFile,
        at: u64,
        bytes: &[u8],
    ) -> Result<u64, FileError> {
        let end = at.checked_add(bytes.len() as u64).ok_or(FileError::TooBig)?;
        let seen = file.stat()?;
        // Writing into a hole takes room on the disk, though the size stays.
        let inside = seen.size.saturating_sub(at).min(bytes.len() as u64);
        let filled = if seen.sparse { inside } else { 0 };
        self.charge(place, end.saturating_sub(seen.size).saturating_add(filled))?;
        file.write(at, bytes)?;
        Ok(end)
    }

    /// Cuts a file or lets it grow, the mount's quota charged first.
    pub(super) fn set_size(&mut self, place: &Hosted, file: &HostFile, size: u64) -> Result<(), FileError> {
        self.charge(place, size.saturating_sub(file.stat()?.size))?;
        file.set_size(size)
    }

    /// How many levels of directories begin there: 0 for anything else.
    pub(super) fn height(&self, place: &Hosted) -> Result<u32, FileError> {
        let source = self.source(place)?;
        if source.stat(place)?.kind != Kind::Directory {
            return Ok(0);
        }
        let (mut waiting, mut looked, mut highest) = (vec![(place.clone(), 1)], 0, 1);
        while let Some((directory, height)) = waiting.pop() {
            highest = highest.max(height);
            looked += 1;
            if looked > HEIGHT_DIRECTORIES_MAX {
                return Err(FileError::TooBig);
            }
            let below = source.list(&directory)?.entries.into_iter();
            let below = below.filter(|entry| entry.kind == Kind::Directory);
            waiting.extend(below.map(|entry| (directory.child(&entry.name), height + 1)));
        }
        Ok(highest)
    }

    /// Whether changes at a place are refused whatever the mount allows.
    pub(super) fn protects(&self, place: &Hosted) -> Result<bool, FileError> {
        Ok(self.mounted(place)?.grant.protects && place.names().any(is_protected))
    }

    fn mounted(&self, place: &Hosted) -> Result<&Mounted, FileError> {
        self.0.get(place.mount as usize).ok_or(FileError::NotFound)
    }

    /// The mount, if what lies at a place may be changed in it.
    fn to_change(&self, place: &Hosted) -> Result<&Mounted, FileError> {
        let mounted = self.mounted(place)?;
        match mounted.grant.mode {
            MountMode::ReadWrite if self.protects(place)? => Err(FileError::Protected),
            MountMode::ReadWrite => Ok(mounted),
            MountMode::ReadOnly | MountMode::CopyOnWrite => Err(FileError::ReadOnly),
        }
    }

    /// The mount, if something may be made in it.
    fn to_make(&self, place: &Hosted) -> Result<&Mounted, FileError> {
        let mounted = self.to_change(place)?;
        if mounted.files >= mounted.grant.files_max { Err(FileError::NoSpace) } else { Ok(mounted) }
    }

    fn made(&mut self, place: &Hosted) {
        if let Some(mounted) = self.0.get_mut(place.mount as usize) {
            mounted.files += 1;
        }
    }

    fn charge(&mut self, place: &Hosted, bytes: u64) -> Result<(), FileError> {
        let mounted = self.0.get_mut(place.mount as usize).ok_or(FileError::NotFound)?;
        let used = mounted.bytes.saturating_add(bytes);
        if used > mounted.grant.bytes_max {
            return Err(FileError::NoSpace);
        }
        mounted.bytes = used;
        Ok(())
    }
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes, {} files)", self.grant, self.bytes, self.files)
    }
}

fn fault_of(error: &std::io::Error) -> MountFault {
    match error.kind() {
        std::io::ErrorKind::NotFound => MountFault::Missing,
        std::io::ErrorKind::NotADirectory => MountFault::NotDirectory,
        std::io::ErrorKind::PermissionDenied => MountFault::Denied,
        kind => MountFault::Machine { kind },
    }
}
