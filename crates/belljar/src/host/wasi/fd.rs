//! What is done with an open descriptor: `fd_*`.

use super::Answer;
use super::errno::Errno;
use super::types::{
    Span, TRANSFER_BYTES_MAX, access, buffers, filetype, new_times, put_fdstat, put_filestat, put_u32,
    put_u64,
};
use crate::host::Host;
use crate::host::files::{Change, Channel, FileError, Listed, ROOT_FD, Space, Whence};
use crate::host::memory::GuestMemory;
use crate::host::random::FILL_BYTES_MAX;
use crate::outcome::Stream;

/// The name of the root directory, as the C library asks for it.
const ROOT_NAME: &[u8] = b"/";

/// `fd_read` reads into several buffers, until one is not filled.
pub(crate) fn read(host: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, list: Span, out: u32) -> Answer {
    read_from(host, memory, fd, list, (None, out))
}

/// `fd_pread` reads at an offset and leaves the position where it is.
pub(crate) fn pread(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    list: Span,
    (offset, out): (u64, u32),
) -> Answer {
    host.files.space().seekable(fd)?;
    read_from(host, memory, fd, list, (Some(offset), out))
}

fn read_from(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    list: Span,
    (offset, out): (Option<u64>, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    let channel = host.files.space().channel(fd)?;
    let mut total = 0u32;
    for (ptr, len) in buffers(memory, list, TRANSFER_BYTES_MAX)? {
        let count = match channel {
            Channel::Stdin => host.input.read(memory, ptr, len)?,
            Channel::Stdout | Channel::Stderr => return Err(Errno::Badf.into()),
            Channel::Random => {
                let count = len.min(FILL_BYTES_MAX);
                host.random.fill(memory, ptr, count)?;
                count
            }
            Channel::File => {
                let at = offset.map(|offset| offset.saturating_add(total.into()));
                let read = host.files.space().read(fd, at, memory.bytes_mut(ptr, len)?);
                let count = partial(total, read)?.unwrap_or(0);
                u32::try_from(count).map_err(|_| Errno::Overflow)?
            }
        };
        total += count;
        // A terminal or pipe hands over what it has, and is not asked again: the second time it might wait.
        if count < len || channel == Channel::Stdin {
            break;
        }
    }
    Ok(put_u32(memory, out, total)?)
}

/// `fd_write` writes several buffers, one after the other.
pub(crate) fn write(host: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, list: Span, out: u32) -> Answer {
    write_to(host, memory, fd, list, (None, out))
}

/// `fd_pwrite` writes at an offset and leaves the position where it is.
pub(crate) fn pwrite(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    list: Span,
    (offset, out): (u64, u32),
) -> Answer {
    host.files.space().seekable(fd)?;
    write_to(host, memory, fd, list, (Some(offset), out))
}

fn write_to(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    list: Span,
    (offset, out): (Option<u64>, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    let channel = host.files.space().channel(fd)?;
    // Who prints is not ready for a part of it to be left over. What is beyond the limit is counted and not copied, so it takes no time.
    let output = matches!(channel, Channel::Stdout | Channel::Stderr);
    let room = if output { u32::MAX } else { TRANSFER_BYTES_MAX };
    let mut total = 0u32;
    for (ptr, len) in buffers(memory, list, room)? {
        if total >= TRANSFER_BYTES_MAX {
            break;
        }
        match channel {
            Channel::Stdin => return Err(Errno::Badf.into()),
            Channel::Stdout => host.output.write(&mut host.meter, memory, Stream::Stdout, (ptr, len))?,
            Channel::Stderr => host.output.write(&mut host.meter, memory, Stream::Stderr, (ptr, len))?,
            Channel::Random | Channel::File => {
                let at = offset.map(|offset| offset.saturating_add(total.into()));
                let (space, mut change) = changing(host);
                let written = space.write(fd, at, memory.bytes(ptr, len)?, &mut change);
                if partial(total, written)?.is_none() {
                    break;
                }
            }
        }
        total += len;
    }
    Ok(put_u32(memory, out, total)?)
}

/// What failed after something was moved is not told: the next call will fail, and be told.
fn partial<T>(moved: u32, result: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if moved == 0 => Err(error),
        Err(_) => Ok(None),
    }
}

/// `fd_seek` moves the position.
pub(crate) fn seek(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (offset, whence): (i64, u32),
    out: u32,
) -> Answer {
    memory.bytes(out, 8)?;
    let whence = match whence {
        0 => Whence::Start,
        1 => Whence::Current,
        2 => Whence::End,
        _ => return Err(Errno::Inval.into()),
    };
    let at = host.files.space().seek(fd, offset, whence)?;
    Ok(put_u64(memory, out, at)?)
}

/// `fd_tell` says where the position is.
pub(crate) fn tell(host: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let at = host.files.space().tell(fd)?;
    Ok(put_u64(memory, out, at)?)
}

/// `fd_close` closes a descriptor.
pub(crate) fn close(host: &mut Host, _: &mut GuestMemory<'_>, fd: u32) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.close(fd, &mut change)?)
}

/// `fd_renumber` gives a descriptor the number of another, which is closed.
pub(crate) fn renumber(host: &mut Host, _: &mut GuestMemory<'_>, from: u32, to: u32) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.renumber(from, to, &mut change)?)
}

/// `fd_sync`, `fd_datasync`, `fd_advise`: there is nothing to do for a file in memory.
pub(crate) fn settle(host: &mut Host, _: &mut GuestMemory<'_>, fd: u32) -> Answer {
    host.files.space().access(fd)?;
    Ok(())
}

/// `fd_allocate` makes sure that a file has at least this size.
pub(crate) fn allocate(
    host: &mut Host,
    _: &mut GuestMemory<'_>,
    fd: u32,
    (offset, len): (u64, u64),
) -> Answer {
    let size = offset.checked_add(len).ok_or(Errno::Fbig)?;
    let (space, mut change) = changing(host);
    Ok(space.reserve(fd, size, &mut change)?)
}

/// `fd_fdstat_get` says what kind of descriptor it is.
pub(crate) fn fdstat_get(host: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let space = host.files.space();
    let (stat, access) = (space.stat_open(fd)?, space.access(fd)?);
    Ok(put_fdstat(memory, out, stat.kind, access)?)
}

/// `fd_fdstat_set_flags` sets whether writes go to the end, and whether the file blocks.
pub(crate) fn fdstat_set_flags(host: &mut Host, _: &mut GuestMemory<'_>, fd: u32, flags: u32) -> Answer {
    Ok(host.files.space().set_flags(fd, access(0, flags))?)
}

/// `fd_filestat_get` says what is known of an open file.
pub(crate) fn filestat_get(host: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let stat = host.files.space().stat_open(fd)?;
    Ok(put_filestat(memory, out, &stat)?)
}

/// `fd_filestat_set_size` cuts a file, or lets it grow by zeros.
pub(crate) fn filestat_set_size(host: &mut Host, _: &mut GuestMemory<'_>, fd: u32, size: u64) -> Answer {
    let (space, mut change) = changing(host);
    Ok(space.set_size(fd, size, &mut change)?)
}

/// `fd_filestat_set_times` sets the times of an open file.
pub(crate) fn filestat_set_times(
    host: &mut Host,
    _: &mut GuestMemory<'_>,
    fd: u32,
    times: (u64, u64),
    flags: u32,
) -> Answer {
    let (space, mut change) = changing(host);
    let new = new_times(times, flags, change.now_ns)?;
    Ok(space.set_times_open(fd, new, &mut change)?)
}

/// `fd_prestat_get` tells the C library which directories are open from the start: the root alone.
pub(crate) fn prestat_get(_: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    if fd != ROOT_FD {
        return Err(Errno::Badf.into());
    }
    let name_len = ROOT_NAME.len() as u64;
    Ok(put_u64(memory, out, name_len << 32)?)
}

/// `fd_prestat_dir_name` tells its name.
pub(crate) fn prestat_dir_name(_: &mut Host, memory: &mut GuestMemory<'_>, fd: u32, name: Span) -> Answer {
    if fd != ROOT_FD {
        return Err(Errno::Badf.into());
    }
    let room = memory.bytes_mut(name.0, name.1)?;
    let place = room.get_mut(..ROOT_NAME.len()).ok_or(Errno::Nametoolong)?;
    place.copy_from_slice(ROOT_NAME);
    Ok(())
}

/// `fd_readdir` lists a directory from a cookie on. A buffer that comes back full says that there is more.
pub(crate) fn readdir(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (ptr, len): Span,
    (mut cookie, out): (u64, u32),
) -> Answer {
    memory.bytes(out, 4)?;
    let buffer = memory.bytes_mut(ptr, len)?;
    let (space, mut change) = changing(host);
    let mut used = 0;
    while used < buffer.len() {
        let Some(entry) = space.listed_after(fd, cookie, &mut change)? else { break };
        cookie = entry.cookie;
        used += fill(&mut buffer[used..], &dirent(&entry));
        used += fill(&mut buffer[used..], entry.name.as_bytes());
    }
    let used = u32::try_from(used).map_err(|_| Errno::Overflow)?;
    Ok(put_u32(memory, out, used)?)
}

/// `dirent`: the cookie of the next entry, ino, length of the name, filetype. The name follows.
fn dirent(entry: &Listed<'_>) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&entry.cookie.to_le_bytes());
    bytes[8..16].copy_from_slice(&entry.inode.to_le_bytes());
    let name_len = u32::try_from(entry.name.len()).unwrap_or(u32::MAX);
    bytes[16..20].copy_from_slice(&name_len.to_le_bytes());
    bytes[20] = filetype(entry.kind);
    bytes
}

fn fill(room: &mut [u8], bytes: &[u8]) -> usize {
    let count = room.len().min(bytes.len());
    room[..count].copy_from_slice(&bytes[..count]);
    count
}

/// The files, and what is needed to change them.
pub(crate) fn changing(host: &mut Host) -> (&mut Space, Change<'_>) {
    let now_ns = host.time.realtime_ns();
    (host.files.space(), Change { meter: &mut host.meter, now_ns })
}
