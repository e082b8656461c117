//! The mounted directories of a session, in the process that opened them: what may be done in each, and how much.
//!
//! [`source`](super::source) and [`file`](super::file) touch the host. This file decides: every change is checked against the mode, the
//! protected names and the mount's quota first. Calls block for as long as the host takes; each moves a bounded number of bytes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::file::HostFile;
use super::guard::{is_protected, stays_within};
use super::print::print_of;
use super::source::Source;
use crate::audit::AuditKind;
use crate::error::Result;
use crate::host::audit::Audit;
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;
use crate::host::files::kind::Kind;
use crate::host::files::node::NewTimes;
use crate::host::files::remembered::Fingerprint;
use crate::mount::fault::MountFault;
use crate::mount::{Mount, MountMode};

/// The most directories that are looked at to find out how deep something is.
const HEIGHT_DIRECTORIES_MAX: usize = 10_000;

/// All mounts of a session. A copy shares what is open and what was used: what is on the host stays there when a session goes back to how
/// it was before.
#[derive(Clone, Debug, Default)]
pub(in crate::host::files) struct Own {
    all: Vec<Mounted>,
    /// Who is told what is done with them.
    audit: Audit,
}

/// A mounted directory, and what the session has used of it.
#[derive(Clone)]
struct Mounted {
    grant: Mount,
    source: Arc<Source>,
    used: Arc<Used>,
}

/// What was used of a mount's quota. One thread at a time counts.
#[derive(Debug, Default)]
struct Used {
    bytes: AtomicU64,
    files: AtomicU32,
}

impl Used {
    fn of((bytes, files): (u64, u32)) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), files: files.into() })
    }

    fn get(&self) -> (u64, u32) {
        (self.bytes.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed))
    }
}

impl Own {
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
            mounts.push(Mounted { grant: grant.clone(), source: Arc::new(source), used: Arc::default() });
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
        Ok(Self { all: mounts, audit: Audit::default() })
    }

    /// What was used of each mount's quota, in bytes and files.
    pub(super) fn used(&self) -> Vec<(u64, u32)> {
        self.all.iter().map(|mounted| mounted.used.get()).collect()
    }

    /// Goes on with what was used already of each mount.
    pub(super) fn go_on(&mut self, used: Vec<(u64, u32)>) {
        for (mounted, used) in self.all.iter_mut().zip(used) {
            mounted.used = Used::of(used);
        }
    }

    /// From now on this copy counts on its own, from what was used until now.
    pub(super) fn count_apart(&mut self) {
        self.go_on(self.used());
    }

    /// What was granted, by number.
    pub(super) fn grant(&self, mount: u32) -> Option<&Mount> {
        self.all.get(mount as usize).map(|mounted| &mounted.grant)
    }

    /// The directory of the host that a place lies in.
    pub(super) fn source(&self, place: &Hosted) -> Result<&Arc<Source>, FileError> {
        Ok(&self.mounted(place)?.source)
    }

    /// What lies there now, as it will be known again.
    pub(super) fn print(&self, place: &Hosted) -> Result<Fingerprint, FileError> {
        print_of(self.source(place)?, place)
    }

    /// From now on `audit` is told what is done with the host's files.
    pub(super) fn tell(&mut self, audit: &Audit) {
        self.audit = audit.clone();
    }

    /// Tells of something that was done or refused at a place. What merely failed, such as a file that is not there, is not told.
    fn note<T>(
        &self,
        what: &'static str,
        place: &Hosted,
        done: Result<T, FileError>,
    ) -> Result<T, FileError> {
        let mut entry = match &done {
            Err(error) if !error.is_refusal() => return done,
            _ => self.audit.entry(AuditKind::File, || self.shown(place)),
        };
        entry.detail("access", || what.into());
        if let Err(error) = &done {
            entry.refuse(error.reason());
        }
        done
    }

    /// Tells that a change was refused because the mount is read-only. Nothing is told of a mount that is not.
    pub(super) fn tell_read_only(&self, place: &Hosted) {
        if self.mounted(place).is_ok_and(|mounted| mounted.grant.mode == MountMode::ReadOnly) {
            let _ = self.note("write", place, Err::<(), _>(FileError::ReadOnly));
        }
    }

    /// Tells that a path was refused because it leads out of a mount.
    pub(super) fn tell_outside(&self, path: &str) {
        self.audit.entry(AuditKind::File, || path.to_owned()).refuse(FileError::Outside.reason());
    }

    /// The path of the host that a place has.
    fn shown(&self, place: &Hosted) -> String {
        let source = self.mounted(place).map(|mounted| mounted.grant.source.clone()).unwrap_or_default();
        place.names().fold(source, |path, name| path.join(name)).display().to_string()
    }

    /// Opens a file to read it.
    pub(super) fn open_to_read(&self, place: &Hosted) -> Result<HostFile, FileError> {
        let opened = self.source(place).and_then(|source| source.open_file(place, false));
        self.note("read", place, opened)
    }

    /// Opens a file to write to it: not if it has names elsewhere.
    pub(super) fn open_to_write(&self, place: &Hosted) -> Result<HostFile, FileError> {
        let opened = self.to_change(place).and_then(|mounted| {
            let file = mounted.source.open_file(place, true)?;
            if file.stat()?.links > 1 { Err(FileError::ManyNames) } else { Ok(file) }
        });
        self.note("write", place, opened)
    }

    /// Makes a file.
    pub(super) fn create_file(&mut self, place: &Hosted) -> Result<HostFile, FileError> {
        let made = self.to_make(place).and_then(|mounted| mounted.source.create_file(place));
        self.note("create", place, made).inspect(|_| self.made(place))
    }

    /// Makes a directory.
    pub(super) fn make_directory(&mut self, place: &Hosted) -> Result<(), FileError> {
        let made = self.to_make(place).and_then(|mounted| mounted.source.make_directory(place));
        self.note("create", place, made).inspect(|()| self.made(place))
    }

    /// Makes a symbolic link to something in the same directory or below it: what lies in such a directory stays so when it is moved.
    pub(super) fn make_link(&mut self, place: &Hosted, target: &str) -> Result<(), FileError> {
        let made = self.to_make(place).and_then(|mounted| match stays_within(target, 0) {
            true => mounted.source.make_link(place, target),
            false => Err(FileError::Outside),
        });
        self.note("create", place, made).inspect(|()| self.made(place))
    }

    /// Removes a file or link.
    pub(super) fn remove_file(&self, place: &Hosted) -> Result<(), FileError> {
        let removed = self.to_change(place).and_then(|mounted| mounted.source.remove_file(place));
        self.note("remove", place, removed)
    }

    /// Removes an empty directory.
    pub(super) fn remove_directory(&self, place: &Hosted) -> Result<(), FileError> {
        let removed = self.to_change(place).and_then(|mounted| mounted.source.remove_directory(place));
        self.note("remove", place, removed)
    }

    /// Renames within one mount.
    pub(super) fn rename(&self, from: &Hosted, to: &Hosted) -> Result<(), FileError> {
        if from.mount != to.mount {
            return Err(FileError::CrossMount);
        }
        let from_is_ours = self.note("rename", from, self.to_change(from).map(|_| ()));
        let renamed = from_is_ours.and_then(|()| self.to_change(to)?.source.rename(from, to));
        self.note("create", to, renamed)
    }

    /// Sets the times of a file or directory: not if it has names elsewhere.
    pub(super) fn set_times(&self, place: &Hosted, new: NewTimes) -> Result<(), FileError> {
        let changed = self.to_change(place).and_then(|mounted| {
            let seen = mounted.source.stat(place)?;
            // They are those of all of its names.
            let is_shared = seen.kind == Kind::File && seen.links > 1;
            if is_shared { Err(FileError::ManyNames) } else { mounted.source.set_times(place, new) }
        });
        self.note("set times", place, changed)
    }

    /// Writes to a file, the mount's quota charged first.
    pub(super) fn write(
        &mut self,
        place: &Hosted,
        file: &HostFile,
        at: u64,
        bytes: &[u8],
    ) -> Result<(), FileError> {
        let needed = needed(file, at, bytes.len() as u64)?;
        self.charge(place, needed)?;
        file.write(at, bytes)
    }

    /// Whether there is room for `len` bytes at a place in a file.
    pub(super) fn has_room(
        &self,
        place: &Hosted,
        file: &HostFile,
        at: u64,
        len: u64,
    ) -> Result<(), FileError> {
        let mounted = self.mounted(place)?;
        let used = mounted.used.get().0.saturating_add(needed(file, at, len)?);
        if used > mounted.grant.bytes_max { Err(FileError::NoSpace) } else { Ok(()) }
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
        self.all.get(place.mount as usize).ok_or(FileError::NotFound)
    }

    /// Whether what lies at a place may be changed.
    pub(super) fn may_change(&self, place: &Hosted) -> bool {
        self.to_change(place).is_ok()
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
        if mounted.used.get().1 >= mounted.grant.files_max { Err(FileError::NoSpace) } else { Ok(mounted) }
    }

    fn made(&self, place: &Hosted) {
        if let Ok(mounted) = self.mounted(place) {
            mounted.used.files.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn charge(&self, place: &Hosted, bytes: u64) -> Result<(), FileError> {
        let mounted = self.mounted(place)?;
        let used = mounted.used.get().0.saturating_add(bytes);
        if used > mounted.grant.bytes_max {
            return Err(FileError::NoSpace);
        }
        mounted.used.bytes.store(used, Ordering::Relaxed);
        Ok(())
    }
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, files) = self.used.get();
        write!(f, "{} ({bytes} bytes, {files} files)", self.grant)
    }
}

/// What writing `len` bytes at a place in a file takes of a quota.
fn needed(file: &HostFile, at: u64, len: u64) -> Result<u64, FileError> {
    let end = at.checked_add(len).ok_or(FileError::TooBig)?;
    let seen = file.stat()?;
    // Writing into a hole takes room on the disk, though the size stays.
    let inside = seen.size.saturating_sub(at).min(len);
    let filled = if seen.sparse { inside } else { 0 };
    Ok(end.saturating_sub(seen.size).saturating_add(filled))
}

fn fault_of(error: &std::io::Error) -> MountFault {
    match error.kind() {
        std::io::ErrorKind::NotFound => MountFault::Missing,
        std::io::ErrorKind::NotADirectory => MountFault::NotDirectory,
        std::io::ErrorKind::PermissionDenied => MountFault::Denied,
        kind => MountFault::Machine { kind },
    }
}
