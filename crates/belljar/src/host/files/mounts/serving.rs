//! Serves the directories of the host to a session that lives in another process, which may do as it likes: every question is checked against
//! mode, protected names, quotas and limits as if nobody had looked at it before.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use serde_bytes::ByteBuf;

use super::ask::{Ask, FileAsk, FileReply, PAGE_BYTES_MAX, PIECE_BYTES_MAX, Told};
use super::file::HostFile;
use super::own::Own;
use super::seen::{HostEntry, Listing};
use crate::error::Result;
use crate::host::audit::Audit;
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;
use crate::host::files::path;
use crate::host::meter::Meter;
use crate::limits::Limits;
use crate::mount::Mount;

/// The directories that a session was granted, and what it has open of them.
#[derive(Debug)]
pub(crate) struct ServedFiles {
    mounts: Own,
    /// Files that were opened to be written to. Those that are read are the session's own.
    open: BTreeMap<u32, (Hosted, HostFile)>,
    last: u32,
    open_max: usize,
    depth_max: u32,
    /// What was not told yet of the last listing.
    listing: Option<Rest>,
}

/// The rest of a listing.
#[derive(Debug)]
struct Rest {
    entries: std::vec::IntoIter<HostEntry>,
    hides: bool,
    /// What the meter holds for it.
    held: u64,
}

type Served = (Told, Option<OwnedFd>);

impl ServedFiles {
    /// Opens the directories.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) names the first mount that cannot be, and why.
    pub(crate) fn open(grants: &[Mount], limits: &Limits, audit: &Audit) -> Result<Self> {
        let mut mounts = Own::open(grants)?;
        mounts.tell(audit);
        let (open_max, depth_max) = (limits.open_files as usize, limits.files_depth);
        Ok(Self { mounts, open: BTreeMap::new(), last: 0, open_max, depth_max, listing: None })
    }

    /// Goes on with what a session used already of the quotas.
    pub(crate) fn go_on(&mut self, used: Vec<(u64, u32)>) {
        self.mounts.go_on(used);
    }

    /// What was used of each mount's quota, in bytes and files.
    pub(crate) fn used(&self) -> Vec<(u64, u32)> {
        self.mounts.used()
    }

    /// Does what is asked for, or refuses it. A file that was opened to be read comes as a descriptor.
    pub(crate) fn serve(&mut self, meter: &mut Meter, FileAsk(ask): FileAsk) -> (FileReply, Option<OwnedFd>) {
        let served = match ask {
            Ask::List(_) | Ask::ListOn => self.list(meter, ask),
            Ask::StatOpen(_) | Ask::Identity(_) | Ask::Read { .. } => self.look_into(ask),
            Ask::Write { .. } | Ask::SetSize(..) | Ask::Close(_) => self.change_open(ask),
            Ask::OpenToRead(_) | Ask::OpenToWrite(_) | Ask::CreateFile(_) => self.open_file(ask),
            other => self.at_place(other),
        };
        match served {
            Ok((told, descriptor)) => (FileReply(Ok(told)), descriptor),
            Err(error) => (FileReply(Err(error)), None),
        }
    }

    fn at_place(&mut self, ask: Ask) -> Result<Served, FileError> {
        let told = match ask {
            Ask::Seen(place) => Told::Seen(self.mounts.source(&place)?.stat(&place)?),
            Ask::LinkTarget(place) => Told::Target(self.mounts.source(&place)?.link_target(&place)?),
            Ask::IsEmpty(place) => Told::Is(self.mounts.source(&place)?.is_empty(&place)?),
            Ask::Height(place) => Told::Height(self.mounts.height(&place)?),
            Ask::Print(place) => Told::Print(self.mounts.print(&place)?),
            Ask::Used => Told::Used(self.used()),
            change => {
                self.change(change)?;
                Told::Done
            }
        };
        Ok((told, None))
    }

    fn change(&mut self, ask: Ask) -> Result<(), FileError> {
        match ask {
            Ask::MakeDirectory(place) => {
                self.check_depth(&place, 0)?;
                self.mounts.make_directory(&place)
            }
            Ask::MakeLink(place, target) => {
                path::check(&target)?;
                self.mounts.make_link(&place, &target)
            }
            Ask::RemoveFile(place) => self.mounts.remove_file(&place),
            Ask::RemoveDirectory(place) => self.mounts.remove_directory(&place),
            Ask::Rename(from, to) => {
                // What may not be moved is refused, and told, where it would be.
                if self.mounts.may_change(&from)
                    && let Some(below) = self.mounts.height(&from)?.checked_sub(1)
                {
                    self.check_depth(&to, below)?;
                }
                self.mounts.rename(&from, &to)
            }
            Ask::SetTimes(place, new) => self.mounts.set_times(&place, new),
            Ask::RefusedWrite(place) => {
                self.mounts.tell_read_only(&place);
                Ok(())
            }
            Ask::RefusedOutside(path) => {
                self.mounts.tell_outside(&path);
                Ok(())
            }
            _ => Err(FileError::NotSupported),
        }
    }

    /// Checks that a directory, with `below` levels of directories in it, does not lie deeper than files may.
    fn check_depth(&self, place: &Hosted, below: u32) -> Result<(), FileError> {
        let grant = self.mounts.grant(place.mount).ok_or(FileError::NotFound)?;
        let above = grant.destination().matches('/').count();
        let depth = u32::try_from(above).unwrap_or(u32::MAX).saturating_add(place.depth());
        if depth.saturating_add(below) > self.depth_max { Err(FileError::NoSpace) } else { Ok(()) }
    }

    fn open_file(&mut self, ask: Ask) -> Result<Served, FileError> {
        let (place, file) = match ask {
            Ask::OpenToRead(place) => {
                let (descriptor, born_ns) = self.mounts.open_to_read(&place)?.lend()?;
                return Ok((Told::Lent(born_ns), Some(descriptor)));
            }
            Ask::OpenToWrite(place) => {
                self.check_open(&place)?;
                let file = self.mounts.open_to_write(&place)?;
                (place, file)
            }
            Ask::CreateFile(place) => {
                self.check_open(&place)?;
                let file = self.mounts.create_file(&place)?;
                (place, file)
            }
            _ => return Err(FileError::NotSupported),
        };
        let number = self.free();
        self.open.insert(number, (place, file));
        Ok((Told::Opened(number), None))
    }

    /// Checks that one more file may be open in the mount of a place.
    fn check_open(&self, place: &Hosted) -> Result<(), FileError> {
        let grant = self.mounts.grant(place.mount).ok_or(FileError::NotFound)?;
        let is_full = self.open.len() >= self.open_max.min(grant.open_files_max as usize);
        if is_full { Err(FileError::TooManyOpen) } else { Ok(()) }
    }

    /// A number that no open file has. Numbers come again only when all others have been used.
    fn free(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.open.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    fn opened(&self, number: u32) -> Result<&HostFile, FileError> {
        self.open.get(&number).map(|(_, file)| file).ok_or(FileError::BadDescriptor)
    }

    fn look_into(&self, ask: Ask) -> Result<Served, FileError> {
        let told = match ask {
            Ask::StatOpen(file) => Told::Seen(self.opened(file)?.stat()?),
            Ask::Identity(file) => Told::Identity(self.opened(file)?.identity()?),
            Ask::Read { file, at, len } => {
                let file = self.opened(file)?;
                let mut bytes = vec![0; (len as usize).min(PIECE_BYTES_MAX)];
                let count = file.read(at, &mut bytes)?;
                bytes.truncate(count);
                Told::Bytes(ByteBuf::from(bytes))
            }
            _ => return Err(FileError::NotSupported),
        };
        Ok((told, None))
    }

    fn change_open(&mut self, ask: Ask) -> Result<Served, FileError> {
        match ask {
            Ask::Write { file, at, bytes, follow } => {
                let (place, file) = self.open.get(&file).ok_or(FileError::BadDescriptor)?;
                if bytes.len() > PIECE_BYTES_MAX {
                    return Err(FileError::TooBig);
                }
                let all = (bytes.len() as u64).checked_add(follow).ok_or(FileError::TooBig)?;
                self.mounts.has_room(place, file, at, all)?;
                self.mounts.write(place, file, at, &bytes)?;
            }
            Ask::SetSize(file, size) => {
                let (place, file) = self.open.get(&file).ok_or(FileError::BadDescriptor)?;
                self.mounts.set_size(place, file, size)?;
            }
            Ask::Close(file) => {
                self.open.remove(&file).ok_or(FileError::BadDescriptor)?;
            }
            _ => return Err(FileError::NotSupported),
        }
        Ok((Told::Done, None))
    }

    /// Tells names, as many as one reply carries. The rest is kept until it is asked for, or something else is listed.
    fn list(&mut self, meter: &mut Meter, ask: Ask) -> Result<Served, FileError> {
        if let Ask::List(place) = ask {
            self.forget_listing(meter);
            let listing = self.mounts.source(&place)?.list(&place)?;
            let held = listing.bytes();
            meter.hold(held)?;
            let Listing { entries, hides } = listing;
            self.listing = Some(Rest { entries: entries.into_iter(), hides, held });
        }
        let rest = self.listing.as_mut().ok_or(FileError::Invalid)?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while let Some(entry) = rest.entries.as_slice().first()
            && bytes < PAGE_BYTES_MAX
        {
            bytes += entry.bytes();
            entries.extend(rest.entries.next());
        }
        let (hides, more) = (rest.hides, !rest.entries.as_slice().is_empty());
        if !more {
            self.forget_listing(meter);
        }
        Ok((Told::Names { entries, hides, more }, None))
    }

    fn forget_listing(&mut self, meter: &mut Meter) {
        if let Some(rest) = self.listing.take() {
            meter.release(rest.held);
        }
    }
}
