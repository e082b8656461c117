//! One test for each promise.

use std::sync::Arc;

use super::super::*;
use super::{Session, at, look, update};
use crate::limits::MIB;

#[test]
fn a_session_that_touches_no_file_has_no_tree() {
    let session = Session::default();
    assert!(session.files.space.is_none());
    assert_eq!(session.files.outputs(), []);
    assert!(session.files.space.is_none());
}

#[test]
fn the_image_can_be_read_and_not_changed() {
    let mut session = Session::default();
    assert_eq!(session.read("/usr/share/zoneinfo/UTC"), b"utc");
    assert_eq!(session.open("/lib/a.py", update()), Err(FileError::ReadOnly));
    assert_eq!(session.store("/lib/new.py", b""), Err(FileError::ReadOnly));
    assert_eq!(session.make_directory("/new"), Err(FileError::ReadOnly));
    assert_eq!(session.remove_file("/lib/a.py"), Err(FileError::ReadOnly));
    assert_eq!(session.remove_directory("/work"), Err(FileError::ReadOnly));
    assert_eq!(session.rename("/lib/a.py", "/work/a.py"), Err(FileError::ReadOnly));
    assert_eq!(session.rename("/tmp", "/work/tmp"), Err(FileError::ReadOnly));
    assert_eq!(session.list("/"), ["lib", "usr", "tmp", "work", "output", "dev"]);
    assert_eq!(session.list("/lib"), ["a.py", "sub"]);
}

#[test]
fn errors_are_those_of_posix() {
    let mut session = Session::default();
    session.make_directory("/work/d").unwrap();
    session.store("/work/f", b"x").unwrap();
    assert_eq!(session.open("/work/none", look()), Err(FileError::NotFound));
    assert_eq!(session.open("/work/none/f", look()), Err(FileError::NotFound));
    assert_eq!(session.open("/work/f/g", look()), Err(FileError::NotDirectory));
    assert_eq!(session.open("/work/f/", look()), Err(FileError::NotDirectory));
    assert_eq!(session.open("/work/d", update()), Err(FileError::IsDirectory));
    assert_eq!(session.open("/work/f", Opening { directory: true, ..look() }), Err(FileError::NotDirectory));
    assert_eq!(session.make_directory("/work/d"), Err(FileError::Exists));
    assert_eq!(session.make_directory("/work/d/"), Err(FileError::Exists));
    assert_eq!(session.make_directory("/"), Err(FileError::Exists));
    assert_eq!(session.remove_file("/work/d"), Err(FileError::IsDirectory));
    assert_eq!(session.remove_directory("/work/f"), Err(FileError::NotDirectory));
    assert_eq!(session.remove_directory("/work/d/."), Err(FileError::Invalid));
    session.store("/work/d/x", b"").unwrap();
    assert_eq!(session.remove_directory("/work/d"), Err(FileError::NotEmpty));
    let exclusive = Opening { create: true, exclusive: true, ..update() };
    assert_eq!(session.open("/work/f", exclusive), Err(FileError::Exists));
    assert_eq!(session.open("", look()), Err(FileError::NotFound));
    assert_eq!(session.open("a\0b", look()), Err(FileError::NulByte));
}

#[test]
fn no_path_leads_out_of_the_root() {
    let mut session = Session::default();
    session.store("/work/f", b"mine").unwrap();
    for path in ["/../../work/f", "../../../work/f", "work/.././../work//./f", "/work/../lib/../work/f"] {
        assert_eq!(session.read(path), b"mine", "{path}");
    }
    for path in ["/etc/passwd", "/../etc/passwd", "/proc/self/environ", "C:\\", "/work/%2e%2e/f"] {
        assert!(matches!(session.stat(path), Err(FileError::NotFound)), "{path}");
    }
}

#[test]
fn links_are_followed_within_the_tree() {
    let mut session = Session::default();
    session.store("/work/f", b"target").unwrap();
    session.make_link("/work/relative", "../work/./f").unwrap();
    session.make_link("/tmp/absolute", "/work/relative").unwrap();
    session.make_link("/tmp/up", "../../../../work").unwrap();
    session.make_link("/work/loop", "loop").unwrap();
    session.make_link("/work/dangling", "new").unwrap();
    assert_eq!(session.read("/tmp/absolute"), b"target");
    assert_eq!(session.read("/tmp/up/f"), b"target");
    assert!(matches!(session.stat("/work/loop"), Err(FileError::LinkLoop)));
    let kept = At { last: LastLink::Keep, ..at("/work/loop") };
    assert_eq!(session.files.space().stat(kept).unwrap().kind, Kind::Link);
    assert_eq!(session.files.space().link_target(kept).as_deref(), Ok("loop"));
    assert!(matches!(session.stat("/work/dangling"), Err(FileError::NotFound)));
    session.store("/work/dangling", b"made").unwrap();
    assert_eq!(session.read("/work/new"), b"made");
    session.remove_file("/work/dangling").unwrap();
    assert_eq!(session.read("/work/new"), b"made");
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let mut session = Session::default();
    session.store("/work/0", b"end").unwrap();
    for number in 1..=41 {
        session.make_link(&format!("/work/{number}"), &format!("{}", number - 1)).unwrap();
    }
    assert_eq!(session.read("/work/40"), b"end");
    assert!(matches!(session.stat("/work/41"), Err(FileError::LinkLoop)));
}

#[test]
fn an_unlinked_file_lives_until_it_is_closed() {
    let mut session = Session::default();
    let fd = session.make("/work/f").unwrap();
    session.write(fd, None, b"still here").unwrap();
    session.remove_file("/work/f").unwrap();
    assert!(matches!(session.stat("/work/f"), Err(FileError::NotFound)));
    session.write(fd, None, b"!").unwrap();
    let mut bytes = [0; 32];
    assert_eq!(session.files.space().read(fd, Some(0), &mut bytes), Ok(11));
    assert_eq!(session.files.space().quota.used(), (11, 1));
    session.close(fd).unwrap();
    assert!(session.is_unburdened());
}

#[test]
fn nothing_is_made_in_a_directory_that_is_gone() {
    let mut session = Session::default();
    session.make_directory("/work/d").unwrap();
    session.store("/work/f", b"").unwrap();
    let fd = session.open("/work/d", look()).unwrap();
    session.remove_directory("/work/d").unwrap();
    let inside = At { fd, path: "x", last: LastLink::Follow };
    let (space, mut change) = session.change();
    assert_eq!(space.make_directory(inside, &mut change), Err(FileError::NotFound));
    assert_eq!(space.rename(at("/work/f"), inside, &mut change), Err(FileError::NotFound));
    let create = Opening { create: true, ..update() };
    assert_eq!(space.open(inside, create, &mut change), Err(FileError::NotFound));
}

#[test]
fn a_directory_is_not_moved_into_itself() {
    let mut session = Session::default();
    session.make_directory("/work/a").unwrap();
    session.make_directory("/work/a/b").unwrap();
    assert_eq!(session.rename("/work/a", "/work/a/b/c"), Err(FileError::Invalid));
    assert_eq!(session.rename("/work/a", "/work/a/c"), Err(FileError::Invalid));
    assert_eq!(session.rename("/work/a", "/work/a"), Ok(()));
    session.make_directory("/work/full").unwrap();
    session.store("/work/full/f", b"").unwrap();
    assert_eq!(session.rename("/work/a", "/work/full"), Err(FileError::NotEmpty));
    session.rename("/work/a", "/tmp/moved/").unwrap();
    assert_eq!(session.list("/tmp/moved/b/.."), ["b"]);
    assert_eq!(session.list("/tmp/moved/b/../.."), ["moved"]);
}

#[test]
fn sizes_beyond_the_limits_are_refused_before_anything_is_allocated() {
    let mut session = Session::default();
    let fd = session.make("/work/f").unwrap();
    let (space, mut change) = session.change();
    for (size, error) in [
        (1 << 62, FileError::TooBig),
        (u64::MAX, FileError::TooBig),
        (4096 * MIB, FileError::NoSpace),
        (64 * MIB + 1, FileError::NoSpace),
    ] {
        assert_eq!(space.set_size(fd, size, &mut change), Err(error), "{size}");
    }
    assert_eq!(space.write(fd, Some(u64::MAX), b"x", &mut change), Err(FileError::TooBig));
    assert_eq!(space.write(fd, Some(1 << 40), b"x", &mut change), Err(FileError::TooBig));
    assert_eq!(space.seek(fd, i64::MAX, Whence::End), Ok(i64::MAX as u64));
    assert_eq!(space.seek(fd, 1, Whence::Current), Err(FileError::Invalid));
    assert_eq!(space.write(fd, None, b"x", &mut change), Err(FileError::TooBig));
    assert_eq!(space.seek(fd, -1, Whence::Start), Err(FileError::Invalid));
    assert_eq!(space.set_size(fd, 64 * MIB, &mut change), Ok(()));
    assert_eq!(space.stat_open(fd).unwrap().size, 64 * MIB);
    session.remove_file("/work/f").unwrap();
    session.close(fd).unwrap();
    assert!(session.is_unburdened());
}

#[test]
fn files_share_the_memory_limit_with_the_rest() {
    let mut session = Session::new(&Limits { memory_bytes: 2 * MIB, ..Limits::default() });
    session.meter.grow_linear(MIB).unwrap();
    let fd = session.make("/work/f").unwrap();
    let bytes = vec![1; 64 * 1024];
    let written =
        std::iter::repeat_with(|| session.write(fd, None, &bytes)).take_while(Result::is_ok).count();
    assert_eq!(written, 15);
    assert_eq!(session.write(fd, None, &bytes), Err(FileError::NoSpace));
    assert!(session.meter.grow_linear(MIB + 128 * 1024).is_err());
}

#[test]
fn number_depth_and_names_are_bounded() {
    let limits = Limits { files_count: 5, files_depth: 3, ..Limits::default() };
    let mut session = Session::new(&limits);
    session.make_directory("/work/a").unwrap();
    session.make_directory("/work/a/b").unwrap();
    assert_eq!(session.make_directory("/work/a/b/c"), Err(FileError::NoSpace));
    session.store("/work/a/b/file", b"").unwrap();
    session.make_directory("/tmp/x").unwrap();
    session.make_directory("/tmp/x/y").unwrap();
    assert_eq!(session.rename("/tmp/x", "/work/a/x"), Err(FileError::NoSpace));
    assert_eq!(session.store("/work/sixth", b""), Err(FileError::NoSpace));
    assert_eq!(session.make_link("/work/sixth", "a"), Err(FileError::NoSpace));
    let name = "n".repeat(256);
    assert_eq!(session.store(&name, b""), Err(FileError::NameTooLong));
    assert_eq!(session.store(&"a/".repeat(2049), b""), Err(FileError::NameTooLong));
    assert_eq!(session.files.space().quota.used(), (0, 5));
}

#[test]
fn few_files_are_open_at_once_and_none_is_made_when_there_is_no_descriptor() {
    let mut session = Session::new(&Limits { open_files: 2, ..Limits::default() });
    assert_eq!((session.make("/work/a"), session.make("/work/b")), (Ok(4), Ok(5)));
    assert_eq!(session.make("/work/c"), Err(FileError::TooManyOpen));
    assert_eq!(session.list_after_close(4), ["a", "b"]);
    assert_eq!(session.make("/work/c"), Ok(4));
}

impl Session {
    fn list_after_close(&mut self, fd: u32) -> Vec<String> {
        self.close(fd).unwrap();
        self.list("/work")
    }
}

#[test]
fn the_root_stays_open_and_streams_can_be_replaced() {
    let mut session = Session::default();
    assert_eq!(session.close(ROOT_FD), Err(FileError::NotSupported));
    let fd = session.make("/work/log").unwrap();
    let (space, mut change) = session.change();
    assert_eq!(space.renumber(fd, ROOT_FD, &mut change), Err(FileError::NotSupported));
    assert_eq!(space.renumber(fd, 99, &mut change), Err(FileError::BadDescriptor));
    space.renumber(fd, 1, &mut change).unwrap();
    assert_eq!(space.channel(1), Ok(Channel::File));
    assert_eq!(space.channel(fd), Err(FileError::BadDescriptor));
    space.write(1, None, b"redirected", &mut change).unwrap();
    assert_eq!(session.read("/work/log"), b"redirected");
    assert_eq!(session.files.space().seek(0, 0, Whence::Start), Err(FileError::NotSeekable));
}

#[test]
fn a_listing_goes_on_while_names_come_and_go() {
    let mut session = Session::default();
    for name in ["a", "b", "c", "d"] {
        session.store(&format!("/work/{name}"), b"").unwrap();
    }
    let fd = session.open("/work", look()).unwrap();
    let (mut seen, mut cookie) = (Vec::new(), 2);
    loop {
        let (space, mut change) = session.change();
        let Some(entry) = space.listed_after(fd, cookie, &mut change).unwrap() else { break };
        cookie = entry.cookie;
        let name = entry.name.to_owned();
        session.remove_file(&format!("/work/{name}")).unwrap();
        if name == "b" {
            session.store("/work/0", b"").unwrap();
        }
        seen.push(name);
    }
    assert_eq!(seen, ["a", "b", "c", "d", "0"]);
    let (space, mut change) = session.change();
    assert_eq!(space.listed_after(fd, u64::MAX, &mut change), Ok(None));
}

#[test]
fn placed_files_lie_beside_those_of_the_image() {
    let mut session = Session::default();
    let bytes: Arc<[u8]> = Arc::from(*b"wheel");
    session.files.place("/lib/sub/foo.whl", bytes.clone()).unwrap();
    session.files.place("/work/in/data.csv", bytes.clone()).unwrap();
    assert_eq!(session.list("/lib"), ["a.py", "sub"]);
    assert_eq!(session.list("/lib/sub"), ["b.py", "foo.whl"]);
    assert_eq!(session.read("/lib/sub/../a.py"), b"a = 1");
    assert_eq!(session.read("/lib/sub/foo.whl"), b"wheel");
    assert_eq!(session.store("/lib/sub/x", b""), Err(FileError::ReadOnly));
    assert_eq!(session.store("/work/in/data.csv", b""), Err(FileError::ReadOnly));
    assert_eq!(session.remove_file("/work/in/data.csv"), Err(FileError::ReadOnly));
    session.store("/work/in/mine", b"").unwrap();
    session.remove_file("/work/in/mine").unwrap();
    assert!(session.is_unburdened());
    for path in ["relative", "/a/../b", "/a//b", "/", "/a\0", "/lib/a.py", "/lib/a.py/x", "/work"] {
        assert!(session.files.place(path, bytes.clone()).is_err(), "{path:?}");
    }
}

#[test]
fn the_caller_writes_where_code_may_write() {
    let mut session = Session::new(&Limits { files_bytes: 10, ..Limits::default() });
    let Session { files, meter, .. } = &mut session;
    let mut change = Change { meter, now_ns: 0 };
    files.write_whole("/work/new/data.csv", b"1,2,3,4,5", &mut change).unwrap();
    files.write_whole("/work/new/data.csv", b"1,2", &mut change).unwrap();
    for path in ["/lib/data.csv", "relative", "/work/../x", "/work/new", "/work/new/data.csv/x", "/"] {
        assert!(files.write_whole(path, b"1,2", &mut change).is_err(), "{path}");
    }
    assert!(files.write_whole("/work/large", b"too large", &mut change).is_err());
    let listed = files.list("/work/new/", &mut change).unwrap();
    assert_eq!(
        listed.iter().map(|entry| (entry.name.as_str(), entry.size_bytes)).collect::<Vec<_>>(),
        [("data.csv", 3)]
    );
    assert!(files.list("/", &mut change).unwrap().iter().any(|entry| entry.name == "work"));
    for path in ["/absent", "", "work", "/work/new/data.csv", "/work/.."] {
        assert!(files.list(path, &mut change).is_err(), "{path:?}");
    }
    session.store("/work/new/data.csv", b"3").unwrap();
    session.remove_file("/work/new/data.csv").unwrap();
    session.remove_directory("/work/new").unwrap();
    assert_eq!(session.list("/work"), [""; 0]);
    assert!(session.is_unburdened());
}

#[test]
fn outputs_are_the_files_below_output() {
    let mut session = Session::default();
    session.make_directory("/output/plots").unwrap();
    session.store("/output/z.txt", b"12").unwrap();
    session.store("/output/plots/a.png", b"123").unwrap();
    session.make_link("/output/link", "/work").unwrap();
    session.store("/work/not", b"").unwrap();
    let outputs: Vec<_> =
        session.files.outputs().into_iter().map(|file| (file.path, file.size_bytes)).collect();
    assert_eq!(outputs, [("plots/a.png".to_owned(), 3), ("z.txt".to_owned(), 2)]);
    assert!(session.files.read("/output/plots").is_err());
    assert!(session.files.read("/dev/zero").is_err());
}

#[test]
fn times_follow_the_sessions_clock() {
    let mut session = Session::default();
    session.store("/work/f", b"x").unwrap();
    session.now_ns = 9;
    let new = NewTimes { accessed_ns: Some(3), modified_ns: None };
    let (space, mut change) = session.change();
    space.set_times(at("/work/f"), new, &mut change).unwrap();
    let times = session.stat("/work/f").unwrap().times;
    assert_eq!((times.accessed_ns, times.modified_ns, times.changed_ns), (3, 7, 9));
    let (space, mut change) = session.change();
    assert_eq!(space.set_times(at("/lib/a.py"), new, &mut change), Err(FileError::ReadOnly));
}

#[test]
fn appending_writes_to_the_end() {
    let mut session = Session::default();
    session.store("/work/f", b"ab").unwrap();
    let access = Access { write: true, append: true, ..Access::default() };
    let fd = session.open("/work/f", Opening { access, ..Opening::default() }).unwrap();
    session.write(fd, None, b"cd").unwrap();
    assert_eq!(session.files.space().tell(fd), Ok(4));
    assert_eq!(session.files.space().read(fd, None, &mut [0]), Err(FileError::BadDescriptor));
    assert_eq!(session.read("/work/f"), b"abcd");
}

#[test]
fn a_copy_is_independent() {
    let mut session = Session::default();
    session.store("/work/f", &vec![1; 100_000]).unwrap();
    let mut copy = session.files.clone();
    session.store("/work/f", b"changed").unwrap();
    session.store("/work/new", b"").unwrap();
    assert_eq!(copy.read("/work/f").unwrap(), vec![1; 100_000]);
    assert!(copy.read("/work/new").is_err());
}

#[test]
fn devices_are_there() {
    let mut session = Session::default();
    let null = session.open("/dev/null", update()).unwrap();
    session.write(null, None, b"gone").unwrap();
    let mut bytes = [1; 4];
    assert_eq!(session.files.space().read(null, None, &mut bytes), Ok(0));
    let zero = session.open("/dev/zero", look()).unwrap();
    assert_eq!((session.files.space().read(zero, None, &mut bytes), bytes), (Ok(4), [0; 4]));
    let random = session.open("/dev/urandom", look()).unwrap();
    assert_eq!(session.files.space().channel(random), Ok(Channel::Random));
}
