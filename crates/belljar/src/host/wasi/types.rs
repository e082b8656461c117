//! The layouts of preview 1 in the guest's memory, and the bounds on what is read from there.

use super::errno::{Errno, Refusal};
use crate::host::files::{Access, Kind, NewTimes, PATH_BYTES_MAX, Stat};
use crate::host::memory::{GuestMemory, OutOfBounds};

/// The most buffers of one read or write, as in Linux.
const BUFFERS_MAX: u32 = 1024;

/// The most bytes that one call moves; the rest is left for the next call. It keeps the time that the guest spends in the host, where
/// nothing can interrupt it, to a few milliseconds.
pub(crate) const TRANSFER_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// Every right of preview 1: what may be done is decided by the files, not by rights.
const RIGHTS_ALL: u64 = (1 << 30) - 1;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;

const APPEND: u8 = 1;
const NONBLOCK: u8 = 1 << 2;

/// A pointer and a length in the guest's memory.
pub(crate) type Span = (u32, u32);

/// The buffers of a read or write, which begin at `list`; not more in all than `room` bytes.
pub(super) fn buffers(
    memory: &GuestMemory<'_>,
    (list, count): Span,
    mut room: u32,
) -> Result<Vec<Span>, Refusal> {
    if count > BUFFERS_MAX {
        return Err(Errno::Inval.into());
    }
    memory.bytes(list, count * 8)?;
    let mut spans = Vec::with_capacity(count as usize);
    for index in 0..count {
        let at = list + index * 8;
        let (ptr, len) = (memory.u32(at)?, memory.u32(at + 4)?);
        memory.bytes(ptr, len)?;
        let len = len.min(room);
        room -= len;
        if len > 0 {
            spans.push((ptr, len));
        }
    }
    Ok(spans)
}

/// A path, or another text that is one.
pub(crate) fn text<'a>(memory: &'a GuestMemory<'_>, (ptr, len): Span) -> Result<&'a str, Refusal> {
    if len as usize > PATH_BYTES_MAX {
        return Err(Errno::Nametoolong.into());
    }
    std::str::from_utf8(memory.bytes(ptr, len)?).map_err(|_| Errno::Ilseq.into())
}

pub(crate) fn put_u32(memory: &mut GuestMemory<'_>, ptr: u32, value: u32) -> Result<(), OutOfBounds> {
    memory.write(ptr, &value.to_le_bytes())
}

pub(super) fn put_u64(memory: &mut GuestMemory<'_>, ptr: u32, value: u64) -> Result<(), OutOfBounds> {
    memory.write(ptr, &value.to_le_bytes())
}

pub(crate) fn filetype(kind: Kind) -> u8 {
    match kind {
        Kind::Special => 0,
        Kind::Character => 2,
        Kind::Directory => 3,
        Kind::File => 4,
        Kind::Link => 7,
    }
}

/// `filestat`: dev, ino, filetype, nlink, size, atim, mtim, ctim.
pub(crate) fn put_filestat(memory: &mut GuestMemory<'_>, ptr: u32, stat: &Stat) -> Result<(), OutOfBounds> {
    let times = stat.times;
    let fields = [
        stat.device,
        stat.inode,
        filetype(stat.kind).into(),
        1,
        stat.size,
        times.accessed_ns,
        times.modified_ns,
        times.changed_ns,
    ];
    let mut bytes = [0; 64];
    for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    memory.write(ptr, &bytes)
}

/// `fdstat`: filetype, flags, rights, inheriting rights. The C library reads the access mode of a file from its rights.
pub(super) fn put_fdstat(
    memory: &mut GuestMemory<'_>,
    ptr: u32,
    kind: Kind,
    access: Access,
) -> Result<(), OutOfBounds> {
    let mut rights = RIGHTS_ALL;
    if kind != Kind::Directory {
        rights &= !(if access.read { 0 } else { RIGHT_READ } | if access.write { 0 } else { RIGHT_WRITE });
    }
    let mut bytes = [0; 24];
    bytes[0] = filetype(kind);
    bytes[2] = (u8::from(access.append) * APPEND) | (u8::from(access.nonblocking) * NONBLOCK);
    bytes[8..16].copy_from_slice(&rights.to_le_bytes());
    bytes[16..].copy_from_slice(&RIGHTS_ALL.to_le_bytes());
    memory.write(ptr, &bytes)
}

/// What a file is opened for, from the rights that are asked for. The other flags mean nothing here: nothing is written late.
pub(super) fn access(rights: u64, fdflags: u32) -> Access {
    Access {
        read: rights & RIGHT_READ != 0,
        write: rights & RIGHT_WRITE != 0,
        append: fdflags & u32::from(APPEND) != 0,
        nonblocking: fdflags & u32::from(NONBLOCK) != 0,
    }
}

/// The times to set, from `fstflags`.
pub(super) fn new_times(
    (accessed, modified): (u64, u64),
    flags: u32,
    now_ns: u64,
) -> Result<NewTimes, Errno> {
    let one = |given: u64, set: u32, now: u32| match (flags & set != 0, flags & now != 0) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(Some(given)),
        (false, true) => Ok(Some(now_ns)),
        (false, false) => Ok(None),
    };
    Ok(NewTimes { accessed_ns: one(accessed, 1, 2)?, modified_ns: one(modified, 4, 8)? })
}
