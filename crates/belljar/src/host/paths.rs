//! What is done with files by their paths, for an engine that keeps no descriptors (`file_*` in `engines/abi.md`).
//!
//! Each call opens what it needs and closes it again, so nothing is left open between two. Refusals are the numbers of WASI's preview 1. A
//! relative path begins at the root.

use super::Host;
use super::files::{Access, At, FileError, LastLink, Opening, ROOT_FD, Space};
use super::memory::GuestMemory;
use super::wasi::Answer;
use super::wasi::errno::{Errno, Refusal};
use super::wasi::fd::changing;
use super::wasi::types::{Span, TRANSFER_BYTES_MAX, filetype, put_filestat, put_u32, text};

/// How `file_write` begins.
mod how {
    pub(super) const REPLACE: u32 = 0;
    pub(super) const APPEND: u32 = 1;
    pub(super) const CREATE: u32 = 2;
}

/// What `file_change` does.
mod what {
    pub(super) const MAKE_DIRECTORY: u32 = 1;
    pub(super) const REMOVE_FILE: u32 = 2;
    pub(super) const REMOVE_DIRECTORY: u32 = 3;
    pub(super) const RENAME: u32 = 4;
    pub(super) const MAKE_LINK: u32 = 5;
}

fn at(path: &str, last: LastLink) -> At<'_> {
    At { fd: ROOT_FD, path, last }
}

fn follow(path: &str) -> At<'_> {
    at(path, LastLink::Follow)
}

fn keep(path: &str) -> At<'_> {
    at(path, LastLink::Keep)
}

/// `file_stat` says what is known of a file, in the layout of preview 1.
pub(crate) fn stat(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    path: Span,
    follows: u32,
    out: u32,
) -> Answer {
    let last = if follows == 0 { LastLink::Keep } else { LastLink::Follow };
    let stat = host.files.space().stat(at(text(memory, path)?, last))?;
    Ok(put_filestat(memory, out, &stat)?)
}

/// `file_read` reads from a place in a file; less than asked for only at its end, or when much is.
pub(crate) fn read(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    path: Span,
    from: u64,
    (into, out): (Span, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    let path = text(memory, path)?.to_owned();
    let room = memory.bytes_mut(into.0, into.1.min(TRANSFER_BYTES_MAX))?;
    let access = Access { read: true, ..Access::default() };
    let how = Opening { access, ..Opening::default() };
    let read = with_open(host, follow(&path), how, |space, fd, _| {
        let mut count = 0;
        while count < room.len() {
            let more = space.read(fd, Some(from.saturating_add(count as u64)), &mut room[count..])?;
            if more == 0 {
                break;
            }
            count += more;
        }
        Ok(count)
    })?;
    let read = u32::try_from(read).map_err(|_| Errno::Overflow)?;
    Ok(put_u32(memory, out, read)?)
}

/// `file_write` writes all of the bytes: in the place of what is in the file, behind it, or into one that must not be there yet.
pub(crate) fn write(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    path: Span,
    begins: u32,
    (from, len): Span,
) -> Answer {
    if len > TRANSFER_BYTES_MAX || begins > how::CREATE {
        return Err(Errno::Inval.into());
    }
    let bytes = memory.bytes(from, len)?;
    let access = Access { write: true, append: begins == how::APPEND, ..Access::default() };
    let opening = Opening {
        access,
        create: true,
        exclusive: begins == how::CREATE,
        truncate: begins == how::REPLACE,
        directory: false,
    };
    with_open(host, follow(text(memory, path)?), opening, |space, fd, change| {
        space.write(fd, None, bytes, change)
    })
}

/// `file_list` lists a directory: for each entry its kind and the length of its name, a byte each, and the name. `out` gets how many bytes
/// that takes, which may be more than there is room for; then as many entries are there as fit.
pub(crate) fn list(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    path: Span,
    (into, out): (Span, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    let path = text(memory, path)?.to_owned();
    let room = memory.bytes_mut(into.0, into.1)?;
    let access = Access { read: true, ..Access::default() };
    let how = Opening { access, directory: true, ..Opening::default() };
    let needed = with_open(host, follow(&path), how, |space, fd, change| {
        let (mut needed, mut cookie) = (0, 0);
        while let Some(entry) = space.listed_after(fd, cookie, change)? {
            cookie = entry.cookie;
            if entry.name == "." || entry.name == ".." {
                continue;
            }
            let name = entry.name.as_bytes();
            let len = u8::try_from(name.len()).map_err(|_| FileError::NameTooLong)?;
            let end = needed + 2 + name.len();
            if let Some(place) = room.get_mut(needed..end) {
                place[0] = filetype(entry.kind);
                place[1] = len;
                place[2..].copy_from_slice(name);
            }
            needed = end;
        }
        Ok(needed)
    })?;
    let needed = u32::try_from(needed).map_err(|_| Errno::Overflow)?;
    Ok(put_u32(memory, out, needed)?)
}

/// `file_link` says where a symbolic link leads; what does not fit is cut.
pub(crate) fn link(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    path: Span,
    ((into, room), out): (Span, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    memory.bytes(into, room)?;
    let target = host.files.space().link_target(keep(text(memory, path)?))?;
    let cut = &target.as_bytes()[..target.len().min(room as usize)];
    memory.write(into, cut)?;
    let used = u32::try_from(cut.len()).map_err(|_| Errno::Overflow)?;
    Ok(put_u32(memory, out, used)?)
}

/// `file_change` makes, removes or renames what has a name.
pub(crate) fn change(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    asked: u32,
    path: Span,
    other: Span,
) -> Answer {
    let (path, other) = (text(memory, path)?, text(memory, other)?);
    let (space, mut change) = changing(host);
    match asked {
        what::MAKE_DIRECTORY => space.make_directory(keep(path), &mut change)?,
        what::REMOVE_FILE => space.remove_file(keep(path), &mut change)?,
        what::REMOVE_DIRECTORY => space.remove_directory(keep(path), &mut change)?,
        what::RENAME => space.rename(keep(path), keep(other), &mut change)?,
        what::MAKE_LINK => space.make_link(keep(path), other, &mut change)?,
        _ => return Err(Errno::Inval.into()),
    }
    Ok(())
}

/// Opens a file or directory for as long as `act` takes.
fn with_open<T>(
    host: &mut Host,
    at: At<'_>,
    how: Opening,
    act: impl FnOnce(&mut Space, u32, &mut super::files::Change<'_>) -> Result<T, FileError>,
) -> Result<T, Refusal> {
    let (space, mut change) = changing(host);
    let fd = space.open(at, how, &mut change)?;
    let done = act(space, fd, &mut change);
    space.close(fd, &mut change)?;
    Ok(done?)
}
