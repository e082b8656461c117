//! What is done with the name of a file: `path_*`. A path begins at an open directory, and stays in the virtual tree.

use super::Answer;
use super::errno::{Errno, Refusal};
use super::fd::changing;
use super::types::{Span, access, new_times, put_filestat, put_u32, text};
use crate::host::Host;
use crate::host::files::{At, LastLink, Opening};
use crate::host::memory::GuestMemory;

const LOOKUP_FOLLOW: u32 = 1;
const OPEN_CREATE: u32 = 1;
const OPEN_DIRECTORY: u32 = 2;
const OPEN_EXCLUSIVE: u32 = 4;
const OPEN_TRUNCATE: u32 = 8;

/// A path in the guest's memory, and the descriptor of the directory that it begins at.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) fd: u32,
    /// `lookupflags`: whether a symbolic link at the end is followed.
    pub(crate) lookup: u32,
    pub(crate) path: Span,
}

impl Named {
    fn at<'a>(self, memory: &'a GuestMemory<'_>) -> Result<At<'a>, Refusal> {
        let last = if self.lookup & LOOKUP_FOLLOW == 0 { LastLink::Keep } else { LastLink::Follow };
        Ok(At { fd: self.fd, path: text(memory, self.path)?, last })
    }
}

/// How `path_open` is to open.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) oflags: u32,
    pub(crate) rights: u64,
    pub(crate) fdflags: u32,
}

/// `path_open` opens a file or directory.
pub(crate) fn open(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    named: Named,
    how: How,
    out: u32,
) -> Answer {
    memory.bytes(out, 4)?;
    let at = named.at(memory)?;
    let how = Opening {
        access: access(how.rights, how.fdflags),
        create: how.oflags & OPEN_CREATE != 0,
        exclusive: how.oflags & OPEN_EXCLUSIVE != 0,
        truncate: how.oflags & OPEN_TRUNCATE != 0,
        directory: how.oflags & OPEN_DIRECTORY != 0,
    };
    let (space, mut change) = changing(host);
    let fd = space.open(at, how, &mut change)?;
    Ok(put_u32(memory, out, fd)?)
}

/// `path_filestat_get` says what is known of a file.
pub(crate) fn filestat_get(host: &mut Host, memory: &mut GuestMemory<'_>, named: Named, out: u32) -> Answer {
    let stat = host.files.space().stat(named.at(memory)?)?;
    Ok(put_filestat(memory, out, &stat)?)
}

/// `path_filestat_set_times` sets the times of a file.
pub(crate) fn filestat_set_times(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    named: Named,
    times: (u64, u64),
    flags: u32,
) -> Answer {
    let (space, mut change) = changing(host);
    let new = new_times(times, flags, change.now_ns)?;
    Ok(space.set_times(named.at(memory)?, new, &mut change)?)
}

/// `path_create_directory` makes a directory.
pub(crate) fn create_directory(host: &mut Host, memory: &mut GuestMemory<'_>, named: Named) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.make_directory(named.at(memory)?, &mut change)?)
}

/// `path_remove_directory` removes an empty directory.
pub(crate) fn remove_directory(host: &mut Host, memory: &mut GuestMemory<'_>, named: Named) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.remove_directory(named.at(memory)?, &mut change)?)
}

/// `path_unlink_file` removes a file or symbolic link.
pub(crate) fn unlink_file(host: &mut Host, memory: &mut GuestMemory<'_>, named: Named) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.remove_file(named.at(memory)?, &mut change)?)
}

/// `path_rename` renames a file or directory.
pub(crate) fn rename(host: &mut Host, memory: &mut GuestMemory<'_>, from: Named, to: Named) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.rename(from.at(memory)?, to.at(memory)?, &mut change)?)
}

/// `path_symlink` makes a symbolic link.
pub(crate) fn symlink(host: &mut Host, memory: &mut GuestMemory<'_>, target: Span, named: Named) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.make_link(named.at(memory)?, text(memory, target)?, &mut change)?)
}

/// `path_readlink` says where a symbolic link leads; what does not fit is cut.
pub(crate) fn readlink(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    named: Named,
    (ptr, len): Span,
    out: u32,
) -> Answer {
    memory.bytes(ptr, len)?;
    let target = host.files.space().link_target(named.at(memory)?)?;
    let cut = &target.as_bytes()[..target.len().min(len as usize)];
    memory.write(ptr, cut)?;
    let used = u32::try_from(cut.len()).map_err(|_| Errno::Overflow)?;
    Ok(put_u32(memory, out, used)?)
}

/// `path_link` would make a hard link: a second name for a file, which is not offered.
pub(crate) fn link(_: &mut Host, _: &mut GuestMemory<'_>) -> Answer {
    Err(Errno::Perm.into())
}
