//! The layouts and numbers of preview 1, and what a hostile engine may pass.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use super::path::{How, Named};
use super::*;
use crate::blocking::block_on;
use crate::host::files::Files;
use crate::host::files::pack::Pack;
use crate::host::random::Random;
use crate::host::time::Time;
use crate::limits::Limits;
use crate::outcome::Chunk;

const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;
/// Where tests put texts, buffers and results in the guest's memory.
const TEXT: u32 = 0x100;
const BUFFER: u32 = 0x800;
const LIST: u32 = 0x40;
const OUT: u32 = 0x10;

struct Guest {
    host: Host,
    bytes: Vec<u8>,
}

impl Guest {
    fn new(limits: &Limits) -> Self {
        let files = Files::new(limits, Arc::new(Pack::empty()));
        let host = Host::new(limits, Time::repeatable(), Random::from_seed(1), files);
        Self { host, bytes: vec![0; 0x10000] }
    }

    /// Calls a function as an engine does.
    fn call(&mut self, act: impl FnOnce(&mut Host, &mut GuestMemory<'_>) -> Answer) -> Result<u32, Stop> {
        serve(&mut self.host, &mut GuestMemory::new(&mut self.bytes), act)
    }

    fn named(&mut self, path: &str) -> Named {
        self.bytes[TEXT as usize..][..path.len()].copy_from_slice(path.as_bytes());
        Named { fd: 3, lookup: 1, path: (TEXT, u32::try_from(path.len()).unwrap()) }
    }

    fn open(&mut self, path: &str, oflags: u32, rights: u64) -> u32 {
        let named = self.named(path);
        let how = How { oflags, rights, fdflags: 0 };
        match self.call(|host, memory| path::open(host, memory, named, how, OUT)).unwrap() {
            0 => self.u32(OUT),
            errno => 1000 + errno,
        }
    }

    /// Writes a list of buffers.
    fn list(&mut self, buffers: &[(u32, u32)]) -> (u32, u32) {
        for (index, (ptr, len)) in buffers.iter().enumerate() {
            let at = LIST as usize + index * 8;
            self.bytes[at..at + 4].copy_from_slice(&ptr.to_le_bytes());
            self.bytes[at + 4..at + 8].copy_from_slice(&len.to_le_bytes());
        }
        (LIST, u32::try_from(buffers.len()).unwrap())
    }

    fn write(&mut self, fd: u32, text: &[u8]) -> u32 {
        self.bytes[BUFFER as usize..][..text.len()].copy_from_slice(text);
        let list = self.list(&[(BUFFER, u32::try_from(text.len()).unwrap())]);
        self.call(|host, memory| fd::write(host, memory, fd, list, OUT)).unwrap()
    }

    fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(*self.bytes[at as usize..].first_chunk().unwrap())
    }

    fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(*self.bytes[at as usize..].first_chunk().unwrap())
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self::new(&Limits::default())
    }
}

#[test]
fn the_root_is_the_only_directory_open_from_the_start() {
    let mut guest = Guest::default();
    assert_eq!(guest.call(|host, memory| fd::prestat_get(host, memory, 3, OUT)), Ok(0));
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (0, 1));
    assert_eq!(guest.call(|host, memory| fd::prestat_dir_name(host, memory, 3, (TEXT, 1))), Ok(0));
    assert_eq!(guest.bytes[TEXT as usize], b'/');
    for fd in [0, 4, u32::MAX] {
        assert_eq!(guest.call(|host, memory| fd::prestat_get(host, memory, fd, OUT)), Ok(8));
    }
}

#[test]
fn numbers_of_refusals_are_those_that_cpython_expects() {
    let mut guest = Guest::default();
    assert_eq!(guest.open("none", 0, READ), 1044);
    assert_eq!(guest.open("work", 0, READ | WRITE), 1031);
    assert_eq!(guest.open("x", 1, READ | WRITE), 1069);
    let fd = guest.open("work/f", 1, READ | WRITE);
    assert_eq!(fd, 4);
    assert_eq!(guest.open("work/f", 2, READ), 1054);
    assert_eq!(guest.open("work/f", 1 | 4, READ | WRITE), 1020);
    let work = guest.named("work");
    assert_eq!(guest.call(|host, memory| path::create_directory(host, memory, work)), Ok(20));
    assert_eq!(guest.call(path::link), Ok(63));
    assert_eq!(guest.call(|host, memory| fd::seek(host, memory, 1, (0, 1), OUT)), Ok(70));
    assert_eq!(guest.call(|host, memory| fd::close(host, memory, 77)), Ok(8));
    assert_eq!(guest.call(process::not_offered), Ok(58));
    assert_eq!(guest.call(|host, memory| process::exit(host, memory, 3)), Err(Stop::Exit(3)));
}

#[test]
fn stats_have_the_layout_of_preview_1() {
    let mut guest = Guest::default();
    let fd = guest.open("work/f", 1, READ | WRITE);
    assert_eq!(guest.write(fd, b"twelve bytes"), 0);
    assert_eq!(guest.u32(OUT), 12);
    let named = guest.named("work/f");
    assert_eq!(guest.call(|host, memory| path::filestat_get(host, memory, named, BUFFER)), Ok(0));
    assert_eq!(
        (guest.bytes[BUFFER as usize + 16], guest.u64(BUFFER + 24), guest.u64(BUFFER + 32)),
        (4, 1, 12)
    );
    assert!(guest.u64(BUFFER + 48) > 1_735_689_600_000_000_000);
    assert_eq!(guest.call(|host, memory| fd::fdstat_get(host, memory, 3, BUFFER)), Ok(0));
    assert_eq!(guest.bytes[BUFFER as usize], 3);
    assert_eq!((guest.u64(BUFFER + 8), guest.u64(BUFFER + 16)), ((1 << 30) - 1, (1 << 30) - 1));
    assert_eq!(guest.call(|host, memory| fd::fdstat_get(host, memory, 1, BUFFER)), Ok(0));
    assert_eq!((guest.bytes[BUFFER as usize], guest.u64(BUFFER + 8) & READ), (2, 0));
}

#[test]
fn output_goes_to_the_host_and_input_comes_from_there() {
    let mut guest = Guest::default();
    assert_eq!(guest.write(1, b"out"), 0);
    assert_eq!(guest.write(2, b"err"), 0);
    assert_eq!(guest.write(0, b"no"), 8);
    guest.host.input = crate::host::input::Input::from_reader(Box::new(&b"input"[..]));
    block_on(poll_fn(|context| guest.host.input.poll_ready(context)));
    let list = guest.list(&[(BUFFER, 3), (BUFFER + 3, 9)]);
    assert_eq!(guest.call(|host, memory| fd::read(host, memory, 0, list, OUT)), Ok(0));
    assert_eq!((guest.u32(OUT), &guest.bytes[BUFFER as usize..][..3]), (3, &b"inp"[..]));
    let printed = guest.host.output.finish(&mut guest.host.meter);
    let texts: Vec<_> = printed.chunks.iter().map(|Chunk { text, .. }| text.to_string()).collect();
    assert_eq!(texts, ["out", "err"]);
}

/// A call cannot be interrupted: what it does at once is bounded. Only output is taken whole, since what is beyond its limit costs nothing.
#[test]
fn one_call_moves_a_bounded_number_of_bytes() {
    const LARGE: u32 = 17 << 20;
    let mut guest = Guest { bytes: vec![0; 18 << 20], ..Guest::default() };
    let random = process::random_get;
    assert_eq!(guest.call(|host, memory| random(host, memory, (BUFFER, LARGE))), Ok(28));
    assert_eq!(guest.call(|host, memory| random(host, memory, (BUFFER, 1 << 20))), Ok(0));
    let file = guest.open("tmp/f", 1, READ | WRITE);
    let list = guest.list(&[(BUFFER, LARGE)]);
    assert_eq!(guest.call(|host, memory| fd::write(host, memory, file, list, OUT)), Ok(0));
    assert_eq!(guest.u32(OUT), 16 << 20);
    let list = guest.list(&[(BUFFER, LARGE), (BUFFER, LARGE)]);
    assert_eq!(guest.call(|host, memory| fd::write(host, memory, 1, list, OUT)), Ok(0));
    assert_eq!(guest.u32(OUT), LARGE);
    assert_eq!(guest.host.output.finish(&mut guest.host.meter).bytes, u64::from(LARGE));
}

#[test]
fn several_buffers_are_read_and_written_in_order() {
    let mut guest = Guest::default();
    let fd = guest.open("tmp/f", 1, READ | WRITE);
    guest.bytes[BUFFER as usize..][..6].copy_from_slice(b"abcdef");
    let list = guest.list(&[(BUFFER + 3, 3), (BUFFER, 0), (BUFFER, 3)]);
    assert_eq!(guest.call(|host, memory| fd::write(host, memory, fd, list, OUT)), Ok(0));
    let list = guest.list(&[(BUFFER, 4), (BUFFER + 100, 4)]);
    assert_eq!(guest.call(|host, memory| fd::pread(host, memory, fd, list, (1, OUT))), Ok(0));
    assert_eq!(guest.u32(OUT), 5);
    assert_eq!(&guest.bytes[BUFFER as usize..][..4], b"efab");
    assert_eq!(guest.bytes[BUFFER as usize + 100], b'c');
}

#[test]
fn wrong_pointers_are_faults_and_change_nothing() {
    let mut guest = Guest::default();
    let end = u32::try_from(guest.bytes.len()).unwrap();
    let fd = guest.open("work/f", 1, READ | WRITE);
    let list = guest.list(&[(end - 1, 2)]);
    for ptr in [end, end - 3, u32::MAX] {
        assert_eq!(guest.call(|host, memory| fd::read(host, memory, fd, (LIST, 1), ptr)), Ok(21));
        assert_eq!(guest.call(|host, memory| fd::write(host, memory, fd, (ptr, 1), OUT)), Ok(21));
        assert_eq!(guest.call(|host, memory| fd::fdstat_get(host, memory, fd, ptr)), Ok(21));
        assert_eq!(guest.call(|host, memory| clock::time_get(host, memory, 0, ptr)), Ok(21));
        assert_eq!(guest.call(|host, memory| process::random_get(host, memory, (ptr, 9))), Ok(21));
        let named = guest.named("work/g");
        let how = How { oflags: 1, rights: WRITE, fdflags: 0 };
        assert_eq!(guest.call(|host, memory| path::open(host, memory, named, how, ptr)), Ok(21));
    }
    for stream in [1, fd] {
        assert_eq!(guest.call(|host, memory| fd::write(host, memory, stream, list, OUT)), Ok(21));
    }
    assert_eq!(guest.call(|host, memory| fd::write(host, memory, 1, (LIST, 1025), OUT)), Ok(28));
    assert_eq!(guest.open("work/g", 0, READ), 1044);
    let named = Named { fd: 3, lookup: 0, path: (TEXT, 4097) };
    assert_eq!(guest.call(|host, memory| path::unlink_file(host, memory, named)), Ok(37));
}

#[test]
fn flags_of_an_open_file_are_remembered() {
    let mut guest = Guest::default();
    let fd = guest.open("work/f", 1, WRITE);
    for flags in [0, 1, 4, 5] {
        assert_eq!(guest.call(|host, memory| fd::fdstat_set_flags(host, memory, fd, flags)), Ok(0));
        assert_eq!(guest.call(|host, memory| fd::fdstat_get(host, memory, fd, OUT)), Ok(0));
        assert_eq!(guest.u32(OUT) >> 16, flags);
    }
}

#[test]
fn a_directory_is_listed_through_a_small_buffer() {
    let mut guest = Guest::default();
    for name in ["work/one", "work/two", "work/three"] {
        guest.open(name, 1, WRITE);
    }
    let fd = guest.open("work", 2, READ);
    let (mut cookie, mut names) = (0, Vec::new());
    loop {
        let buffer = (BUFFER, 40);
        assert_eq!(guest.call(|host, memory| fd::readdir(host, memory, fd, buffer, (cookie, OUT))), Ok(0));
        let used = guest.u32(OUT);
        if used == 0 {
            break;
        }
        cookie = guest.u64(BUFFER);
        let len = guest.u32(BUFFER + 16) as usize;
        names.push(String::from_utf8(guest.bytes[BUFFER as usize + 24..][..len].to_vec()).unwrap());
        if used < 40 {
            break;
        }
    }
    assert_eq!(names, [".", "..", "one", "two", "three"]);
}

/// Writes a subscription to a clock, or to a descriptor.
fn subscribe(guest: &mut Guest, index: u32, (kind, what): (u8, u32), (timeout, flags): (u64, u16)) {
    let at = (BUFFER + index * 48) as usize;
    guest.bytes[at..at + 8].copy_from_slice(&u64::from(index + 7).to_le_bytes());
    guest.bytes[at + 8] = kind;
    guest.bytes[at + 16..at + 20].copy_from_slice(&what.to_le_bytes());
    guest.bytes[at + 24..at + 32].copy_from_slice(&timeout.to_le_bytes());
    guest.bytes[at + 40..at + 42].copy_from_slice(&flags.to_le_bytes());
}

fn poll(guest: &mut Guest, count: u32) -> Result<Duration, Refusal> {
    let mut memory = GuestMemory::new(&mut guest.bytes);
    let wait = poll::prepare(&mut guest.host, &memory, (BUFFER, count), (0x2000, OUT))?;
    poll::finish(&mut memory, &wait)?;
    Ok(wait.duration)
}

#[test]
fn a_poll_waits_for_the_first_of_its_subscriptions() {
    let mut guest = Guest::default();
    subscribe(&mut guest, 0, (0, 1), (5_000_000, 0));
    subscribe(&mut guest, 1, (0, 0), (2_000_000, 0));
    assert_eq!(poll(&mut guest, 2), Ok(Duration::from_millis(2)));
    assert_eq!((guest.u32(OUT), guest.u64(0x2000), guest.u64(0x2008)), (1, 8, 0));

    subscribe(&mut guest, 1, (1, 0), (0, 0));
    subscribe(&mut guest, 2, (2, 99), (0, 0));
    assert_eq!(poll(&mut guest, 3), Ok(Duration::ZERO));
    assert_eq!((guest.u32(OUT), guest.u64(0x2000), guest.u64(0x2010)), (2, 8, 1));
    assert_eq!((guest.u64(0x2020), guest.u32(0x2028) & 0xffff), (9, 8));

    subscribe(&mut guest, 0, (0, 1), (u64::MAX, 1));
    assert!(poll(&mut guest, 1).unwrap() > Duration::from_secs(1 << 33));
    for count in [0, 65, u32::MAX] {
        assert_eq!(poll(&mut guest, count), Err(Refusal::Errno(errno::Errno::Inval)));
    }
}

#[test]
fn the_environment_is_written_as_the_c_library_reads_it() {
    let mut guest = Guest::default();
    guest.host.environment = vec!["A=1".to_owned(), "LONG=x".to_owned()];
    assert_eq!(guest.call(|host, memory| process::environ_sizes_get(host, memory, OUT, OUT + 4)), Ok(0));
    assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (2, 11));
    assert_eq!(guest.call(|host, memory| process::environ_get(host, memory, LIST, TEXT)), Ok(0));
    assert_eq!((guest.u32(LIST), guest.u32(LIST + 4)), (TEXT, TEXT + 4));
    assert_eq!(&guest.bytes[TEXT as usize..][..11], b"A=1\0LONG=x\0");
}

#[test]
fn calls_are_counted() {
    let mut guest = Guest::new(&Limits { host_calls: 2, ..Limits::default() });
    assert_eq!(guest.call(process::sched_yield), Ok(0));
    assert_eq!(guest.call(|host, memory| clock::time_get(host, memory, 9, OUT)), Ok(28));
    assert_eq!(guest.call(process::sched_yield), Err(Stop::HostCalls));
}

mod arbitrary {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever numbers an engine passes, every function answers.
        #[test]
        fn no_arguments_panic(
            bytes in prop::collection::vec(any::<u8>(), 0x400),
            calls in prop::collection::vec((0u32..16, prop::array::uniform6(prop_oneof![0u32..0x400, any::<u32>()])), 0..30),
        ) {
            let mut guest = Guest { bytes, ..Guest::default() };
            for (which, [a, b, c, d, e, f]) in calls {
                let (fd, long) = (a % 8, u64::from(b) << 31 | u64::from(c));
                let named = Named { fd, lookup: b, path: (c, d) };
                let other = Named { fd: 3, lookup: 0, path: (e, f) };
                let answer = guest.call(|host, memory| match which {
                    0 => path::open(host, memory, named, How { oflags: e, rights: long, fdflags: b }, f),
                    1 => fd::read(host, memory, fd, (b, c), d),
                    2 => fd::write(host, memory, fd, (b, c), d),
                    3 => fd::pwrite(host, memory, fd, (b, c), (long, d)),
                    4 => fd::seek(host, memory, fd, (long.cast_signed(), d % 4), e),
                    5 => fd::readdir(host, memory, fd, (b, c), (long, d)),
                    6 => fd::filestat_set_size(host, memory, fd, long),
                    7 => fd::allocate(host, memory, fd, (long, u64::from(d))),
                    8 => path::create_directory(host, memory, named),
                    9 => path::rename(host, memory, named, other),
                    10 => path::symlink(host, memory, (e, f), named),
                    11 => path::readlink(host, memory, named, (e, f), b),
                    12 => fd::renumber(host, memory, fd, e % 8),
                    13 => process::random_get(host, memory, (b, c)),
                    14 => process::environ_get(host, memory, b, c),
                    _ => poll::prepare(host, memory, (b, c % 70), (d, e)).and_then(|wait| poll::finish(memory, &wait)),
                });
                prop_assert!(answer.is_ok(), "{:?}", answer);
            }
        }
    }
}
