//! The mounted directories of a session. Either this process has them ([`own`]), or another one that is asked for every operation ([`far`])
//! and serves it ([`serving`]) with what it would do for a session of its own.

mod ask;
mod far;
mod file;
mod guard;
mod own;
mod print;
mod seen;
mod serving;
mod source;

use std::sync::Arc;

use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::node::{NewTimes, Stat};
use super::remembered::Fingerprint;
use crate::error::Result;
use crate::host::audit::Audit;
use crate::host::elsewhere::Elsewhere;
use crate::mount::{Mount, MountMode};
use far::Far;
use own::Own;

pub(super) use ask::{Ask, Told};
pub(crate) use ask::{FileAsk, FileReply};
pub(super) use file::HostFile;
pub(crate) use guard::is_protected;
pub(super) use guard::stays_within;
pub(super) use print::{hash_of, hash_of_file};
pub(super) use seen::{Identity, Listing, Seen};
pub(crate) use serving::ServedFiles;
pub(super) use source::Source;

/// The first device number of mounts. Memory has 1.
const FIRST_DEVICE: u64 = 2;

/// All mounts of a session. A copy shares what is open and what was used.
#[derive(Clone, Debug, Default)]
pub(super) struct Mounts {
    grants: Arc<[Mount]>,
    side: Side,
}

#[derive(Clone, Debug)]
enum Side {
    Own(Own),
    Far(Far),
}

impl Default for Side {
    fn default() -> Self {
        Self::Own(Own::default())
    }
}

impl Mounts {
    /// The mounts of a session: opened, unless `elsewhere` has them.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) names the first mount that cannot be, and why.
    pub(super) fn open(grants: &[Mount], elsewhere: Option<&Arc<dyn Elsewhere>>) -> Result<Self> {
        let side = match elsewhere {
            Some(elsewhere) => Side::Far(Far::new(Arc::clone(elsewhere))),
            None => Side::Own(Own::open(grants)?),
        };
        Ok(Self { grants: grants.into(), side })
    }

    /// From now on `elsewhere` is asked. Whether another was before.
    pub(super) fn ask(&mut self, elsewhere: &Arc<dyn Elsewhere>) -> bool {
        match &mut self.side {
            Side::Own(_) => false,
            Side::Far(far) => far.ask_from_now_on(elsewhere),
        }
    }

    /// What was used of each mount's quota, in bytes and files.
    pub(super) fn used(&self) -> Vec<(u64, u32)> {
        match &self.side {
            Side::Own(own) => own.used(),
            Side::Far(far) => match far.ask(Ask::Used) {
                Ok(Told::Used(used)) => used,
                _ => Vec::new(),
            },
        }
    }

    /// Goes on with what was used already. None unless that is said of each mount.
    pub(super) fn go_on(mut self, used: Vec<(u64, u32)>) -> Option<Self> {
        if used.len() != self.grants.len() {
            return None;
        }
        if let Side::Own(own) = &mut self.side {
            own.go_on(used);
        }
        Some(self)
    }

    /// From now on this copy counts on its own, if it counts: another process does that for each session.
    pub(super) fn count_apart(&mut self) {
        if let Side::Own(own) = &mut self.side {
            own.count_apart();
        }
    }

    /// The mounts, with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Mount)> {
        (0..).zip(self.grants.iter())
    }

    fn grant(&self, place: &Hosted) -> Result<&Mount, FileError> {
        self.grants.get(place.mount as usize).ok_or(FileError::NotFound)
    }

    pub(super) fn mode(&self, place: &Hosted) -> Result<MountMode, FileError> {
        Ok(self.grant(place)?.mode)
    }

    /// The most files of the host that may be open in the mount at once.
    pub(super) fn open_files_max(&self, mount: u32) -> usize {
        self.grants.get(mount as usize).map_or(0, |grant| grant.open_files_max as usize)
    }

    /// Whether changes at a place are refused whatever the mount allows.
    pub(super) fn protects(&self, place: &Hosted) -> Result<bool, FileError> {
        Ok(self.grant(place)?.protects && place.names().any(is_protected))
    }

    /// The directory of the host that a place lies in, for what the embedding program does with it.
    pub(super) fn source(&self, place: &Hosted) -> Result<&Arc<Source>, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place),
            Side::Far(_) => Err(FileError::NotSupported),
        }
    }

    /// What is known of what lies there. A link is not followed.
    pub(super) fn seen(&self, place: &Hosted) -> Result<Seen, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place)?.stat(place),
            Side::Far(far) => match far.ask(Ask::Seen(place.clone()))? {
                Told::Seen(seen) => Ok(seen),
                _ => Err(FileError::Machine),
            },
        }
    }

    /// What the guest is told of what lies there.
    pub(super) fn stat(&self, place: &Hosted) -> Result<Stat, FileError> {
        Ok(Self::told(place.mount, &self.seen(place)?))
    }

    /// What the guest is told of something that was seen in a mount.
    pub(super) fn told(mount: u32, seen: &Seen) -> Stat {
        let Seen { kind, size, times, inode, .. } = *seen;
        Stat { device: FIRST_DEVICE + u64::from(mount), inode, kind, size, times }
    }

    /// What lies there, if anything does.
    pub(super) fn find(&self, place: &Hosted) -> Result<Option<Kind>, FileError> {
        match self.seen(place) {
            Ok(seen) => Ok(Some(seen.kind)),
            Err(FileError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where a symbolic link leads, as it is written.
    pub(super) fn link_target(&self, place: &Hosted) -> Result<Box<str>, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place)?.link_target(place),
            Side::Far(far) => match far.ask(Ask::LinkTarget(place.clone()))? {
                Told::Target(target) => Ok(target),
                _ => Err(FileError::Machine),
            },
        }
    }

    /// What a directory holds.
    pub(super) fn list(&self, place: &Hosted) -> Result<Listing, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place)?.list(place),
            Side::Far(far) => far.list(place),
        }
    }

    /// Whether a directory holds nothing, hidden names counted.
    pub(super) fn is_empty(&self, place: &Hosted) -> Result<bool, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place)?.is_empty(place),
            Side::Far(far) => match far.ask(Ask::IsEmpty(place.clone()))? {
                Told::Is(is_empty) => Ok(is_empty),
                _ => Err(FileError::Machine),
            },
        }
    }

    /// How many levels of directories begin there: 0 for anything else.
    pub(super) fn height(&self, place: &Hosted) -> Result<u32, FileError> {
        match &self.side {
            Side::Own(own) => own.height(place),
            Side::Far(far) => match far.ask(Ask::Height(place.clone()))? {
                Told::Height(height) => Ok(height),
                _ => Err(FileError::Machine),
            },
        }
    }

    /// What lies there now, as it will be known again: with its content, if that is small.
    pub(super) fn print(&self, place: &Hosted) -> Result<Fingerprint, FileError> {
        match &self.side {
            Side::Own(own) => own.print(place),
            Side::Far(far) => match far.ask(Ask::Print(place.clone()))? {
                Told::Print(print) => Ok(print),
                _ => Err(FileError::Machine),
            },
        }
    }

    /// From now on `audit` is told what is done with the host's files. Another process tells its own.
    pub(super) fn tell(&mut self, audit: &Audit) {
        if let Side::Own(own) = &mut self.side {
            own.tell(audit);
        }
    }

    /// Refuses a change in a mount that is read-only.
    pub(super) fn refuse_write<T>(&self, place: &Hosted) -> Result<T, FileError> {
        match &self.side {
            Side::Own(own) => own.tell_read_only(place),
            Side::Far(far) => far.tell(Ask::RefusedWrite(place.clone())),
        }
        Err(FileError::ReadOnly)
    }

    /// Tells that a path was refused because it leads out of a mount.
    pub(super) fn tell_outside(&self, path: &str) {
        match &self.side {
            Side::Own(own) => own.tell_outside(path),
            Side::Far(far) => far.tell(Ask::RefusedOutside(path.into())),
        }
    }

    /// Opens a file to read it.
    pub(super) fn open_to_read(&self, place: &Hosted) -> Result<HostFile, FileError> {
        match &self.side {
            Side::Own(own) => own.open_to_read(place),
            Side::Far(far) => far.open_to_read(place).map(HostFile::lent),
        }
    }

    /// Opens a file to read it for the embedding program, whose own acts are not told. Another process cannot know for whom it is, and tells.
    pub(super) fn open_for_embedder(&self, place: &Hosted) -> Result<HostFile, FileError> {
        match &self.side {
            Side::Own(own) => own.source(place)?.open_file(place, false),
            Side::Far(far) => far.open_to_read(place).map(HostFile::lent),
        }
    }

    /// Opens a file to write to it: not if it has names elsewhere.
    pub(super) fn open_to_write(&self, place: &Hosted) -> Result<HostFile, FileError> {
        match &self.side {
            Side::Own(own) => own.open_to_write(place),
            Side::Far(far) => far.open_to_write(Ask::OpenToWrite(place.clone())).map(HostFile::far),
        }
    }

    /// Makes a file.
    pub(super) fn create_file(&mut self, place: &Hosted) -> Result<HostFile, FileError> {
        match &mut self.side {
            Side::Own(own) => own.create_file(place),
            Side::Far(far) => far.open_to_write(Ask::CreateFile(place.clone())).map(HostFile::far),
        }
    }

    /// Makes a directory.
    pub(super) fn make_directory(&mut self, place: &Hosted) -> Result<(), FileError> {
        match &mut self.side {
            Side::Own(own) => own.make_directory(place),
            Side::Far(far) => far.done(Ask::MakeDirectory(place.clone())),
        }
    }

    /// Makes a symbolic link to something in the same directory or below it.
    pub(super) fn make_link(&mut self, place: &Hosted, target: &str) -> Result<(), FileError> {
        match &mut self.side {
            Side::Own(own) => own.make_link(place, target),
            Side::Far(far) => far.done(Ask::MakeLink(place.clone(), target.into())),
        }
    }

    /// Removes a file or link.
    pub(super) fn remove_file(&self, place: &Hosted) -> Result<(), FileError> {
        match &self.side {
            Side::Own(own) => own.remove_file(place),
            Side::Far(far) => far.done(Ask::RemoveFile(place.clone())),
        }
    }

    /// Removes an empty directory.
    pub(super) fn remove_directory(&self, place: &Hosted) -> Result<(), FileError> {
        match &self.side {
            Side::Own(own) => own.remove_directory(place),
            Side::Far(far) => far.done(Ask::RemoveDirectory(place.clone())),
        }
    }

    /// Renames within one mount.
    pub(super) fn rename(&self, from: &Hosted, to: &Hosted) -> Result<(), FileError> {
        match &self.side {
            Side::Own(own) => own.rename(from, to),
            Side::Far(far) => far.done(Ask::Rename(from.clone(), to.clone())),
        }
    }

    /// Sets the times of a file or directory.
    pub(super) fn set_times(&self, place: &Hosted, new: NewTimes) -> Result<(), FileError> {
        match &self.side {
            Side::Own(own) => own.set_times(place, new),
            Side::Far(far) => far.done(Ask::SetTimes(place.clone(), new)),
        }
    }

    /// Writes to a file, the mount's quota charged first, and says where what was written ends.
    pub(super) fn write(
        &mut self,
        place: &Hosted,
        file: &HostFile,
        at: u64,
        bytes: &[u8],
    ) -> Result<u64, FileError> {
        let end = at.checked_add(bytes.len() as u64).ok_or(FileError::TooBig)?;
        match &mut self.side {
            Side::Own(own) => own.write(place, file, at, bytes)?,
            Side::Far(_) => file.write(at, bytes)?,
        }
        Ok(end)
    }

    /// Cuts a file or lets it grow, the mount's quota charged first.
    pub(super) fn set_size(&mut self, place: &Hosted, file: &HostFile, size: u64) -> Result<(), FileError> {
        match &mut self.side {
            Side::Own(own) => own.set_size(place, file, size),
            Side::Far(_) => file.set_size(size),
        }
    }
}
