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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::host::files::Files;
    use crate::host::files::pack::Pack;
    use crate::host::random::Random;
    use crate::host::time::Time;
    use crate::host::wasi::serve;
    use crate::limits::Limits;

    const PATH: u32 = 0x100;
    const OTHER: u32 = 0x600;
    const BUFFER: u32 = 0x1000;
    const OUT: u32 = 0x10;
    const MEMORY_BYTES: u32 = 0x10000;

    struct Guest {
        host: Host,
        bytes: Vec<u8>,
    }

    impl Guest {
        fn new(limits: &Limits) -> Self {
            let files = Files::new(limits, Arc::new(Pack::empty()));
            let host = Host::new(limits, Time::repeatable(), Random::from_seed(1), files);
            Self { host, bytes: vec![0; MEMORY_BYTES as usize] }
        }

        fn put(&mut self, at: u32, bytes: &[u8]) -> Span {
            self.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
            (at, u32::try_from(bytes.len()).unwrap())
        }

        fn call(&mut self, act: impl FnOnce(&mut Host, &mut GuestMemory<'_>) -> Answer) -> u32 {
            serve(&mut self.host, &mut GuestMemory::new(&mut self.bytes), act).unwrap()
        }

        fn write(&mut self, path: &str, begins: u32, content: &[u8]) -> u32 {
            let (path, content) = (self.put(PATH, path.as_bytes()), self.put(BUFFER, content));
            self.call(|host, memory| super::write(host, memory, path, begins, content))
        }

        fn read(&mut self, path: &str, from: u64, room: u32) -> Result<Vec<u8>, u32> {
            let path = self.put(PATH, path.as_bytes());
            let error =
                self.call(|host, memory| super::read(host, memory, path, from, ((BUFFER, room), OUT)));
            if error == 0 { Ok(self.given()) } else { Err(error) }
        }

        fn list(&mut self, path: &str, room: u32) -> (u32, u32) {
            let path = self.put(PATH, path.as_bytes());
            let error = self.call(|host, memory| super::list(host, memory, path, ((BUFFER, room), OUT)));
            (error, self.word(OUT))
        }

        fn change(&mut self, asked: u32, path: &str, other: &str) -> u32 {
            let (path, other) = (self.put(PATH, path.as_bytes()), self.put(OTHER, other.as_bytes()));
            self.call(|host, memory| super::change(host, memory, asked, path, other))
        }

        fn word(&self, at: u32) -> u32 {
            u32::from_le_bytes(*self.bytes[at as usize..].first_chunk().unwrap())
        }

        fn given(&self) -> Vec<u8> {
            self.bytes[BUFFER as usize..][..self.word(OUT) as usize].to_vec()
        }
    }

    fn number(errno: Errno) -> u32 {
        errno.number()
    }

    #[test]
    fn files_are_written_read_listed_and_removed() {
        let mut guest = Guest::new(&Limits::default());
        assert_eq!(guest.write("/work/a", how::REPLACE, b"one"), 0);
        assert_eq!(guest.write("/work/a", how::APPEND, b" two"), 0);
        assert_eq!(guest.write("/work/a", how::CREATE, b"x"), number(Errno::Exist));
        assert_eq!(guest.read("work/a", 0, 100), Ok(b"one two".to_vec()));
        assert_eq!(guest.read("/work/a", 4, 2), Ok(b"tw".to_vec()));
        assert_eq!(guest.read("/work/a", u64::MAX, 2), Ok(vec![]));
        assert_eq!(guest.write("/work/a", how::REPLACE, b""), 0);
        assert_eq!(guest.read("/work/a", 0, 100), Ok(vec![]));

        assert_eq!(guest.change(what::MAKE_DIRECTORY, "/work/d", ""), 0);
        assert_eq!(guest.change(what::MAKE_LINK, "/work/l", "a"), 0);
        assert_eq!(guest.list("/work", 100), (0, 9));
        let mut entries = guest.given();
        entries.sort_unstable();
        let mut expected = b"\x04\x01a\x03\x01d\x07\x01l".to_vec();
        expected.sort_unstable();
        assert_eq!(entries, expected);
        assert_eq!(guest.list("/work", 4), (0, 9), "what does not fit is counted");
        assert_eq!(guest.list("/work/a", 4).0, number(Errno::Notdir));

        let link = guest.put(PATH, b"/work/l");
        assert_eq!(guest.call(|host, memory| super::link(host, memory, link, ((BUFFER, 9), OUT))), 0);
        assert_eq!(guest.given(), b"a");
        assert_eq!(guest.call(|host, memory| stat(host, memory, link, 0, BUFFER)), 0);
        assert_eq!(guest.bytes[BUFFER as usize + 16], 7);
        assert_eq!(guest.call(|host, memory| stat(host, memory, link, 1, BUFFER)), 0);
        assert_eq!(guest.bytes[BUFFER as usize + 16], 4);

        assert_eq!(guest.change(what::RENAME, "/work/a", "/work/d/b"), 0);
        assert_eq!(guest.change(what::REMOVE_DIRECTORY, "/work/d", ""), number(Errno::Notempty));
        assert_eq!(guest.change(what::REMOVE_FILE, "/work/d/b", ""), 0);
        assert_eq!(guest.change(what::REMOVE_DIRECTORY, "/work/d", ""), 0);
        assert_eq!(guest.host.files.space().open_count(), 0);
    }

    #[test]
    fn hostile_arguments_are_refused() {
        let mut guest = Guest::new(&Limits { open_files: 2, ..Limits::default() });
        guest.write("/work/a", how::REPLACE, b"x");
        let path = guest.put(PATH, b"/work/a");
        let outside = (MEMORY_BYTES - 2, 16);
        let fault = number(Errno::Fault);
        for _ in 0..4 {
            assert_eq!(guest.call(|host, memory| stat(host, memory, outside, 1, OUT)), fault);
            assert_eq!(guest.call(|host, memory| stat(host, memory, path, 1, MEMORY_BYTES - 63)), fault);
            assert_eq!(guest.call(|host, memory| super::read(host, memory, path, 0, (outside, OUT))), fault);
            assert_eq!(
                guest.call(|host, memory| super::read(
                    host,
                    memory,
                    path,
                    0,
                    ((BUFFER, 8), MEMORY_BYTES - 3)
                )),
                fault
            );
            assert_eq!(guest.call(|host, memory| super::write(host, memory, path, 0, outside)), fault);
            assert_eq!(
                guest.call(|host, memory| super::list(host, memory, path, ((BUFFER, u32::MAX), OUT))),
                fault
            );
            assert_eq!(
                guest.call(|host, memory| super::link(host, memory, path, ((u32::MAX, 2), OUT))),
                fault
            );
            assert_eq!(
                guest.call(|host, memory| super::change(host, memory, what::RENAME, path, outside)),
                fault
            );
        }
        let invalid = number(Errno::Inval);
        assert_eq!(
            guest.call(|host, memory| super::write(host, memory, path, 0, (BUFFER, TRANSFER_BYTES_MAX + 1))),
            invalid
        );
        assert_eq!(guest.call(|host, memory| super::write(host, memory, path, 3, (BUFFER, 1))), invalid);
        assert_eq!(guest.change(6, "/work/a", ""), invalid);
        assert_eq!(guest.change(what::MAKE_LINK, "/work/l", "a\0b"), invalid);
        assert_eq!(
            guest.call(|host, memory| stat(host, memory, (PATH, 4097), 1, OUT)),
            number(Errno::Nametoolong)
        );
        assert_eq!(guest.read("/work/\u{0}", 0, 1), Err(invalid));
        assert_eq!(guest.read("", 0, 1), Err(number(Errno::Noent)));
        assert_eq!(guest.read("/work", 0, 1), Err(number(Errno::Isdir)));
        let wrong = guest.put(PATH, b"/work/\xff");
        assert_eq!(guest.call(|host, memory| stat(host, memory, wrong, 1, OUT)), number(Errno::Ilseq));
        assert_eq!(guest.read("/work/a", 0, 8), Ok(b"x".to_vec()), "nothing of it did any harm");
        assert_eq!(guest.host.files.space().open_count(), 0);
    }

    #[test]
    fn calls_are_counted() {
        let mut guest = Guest::new(&Limits { host_calls: 3, ..Limits::default() });
        for _ in 0..3 {
            guest.list("/work", 0);
        }
        let counted = serve(&mut guest.host, &mut GuestMemory::new(&mut guest.bytes), |host, memory| {
            stat(host, memory, (PATH, 0), 0, OUT)
        });
        assert!(counted.is_err());
    }
}
