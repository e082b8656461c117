//! A worker that has fallen asks for what its session was not granted. Each question is put to the process that has the directories, without a
//! session's own checks before it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;

use super::super::hosted::Hosted;
use super::super::mounts::{Ask, FileAsk, FileReply, ServedFiles, Told};
use super::super::*;
use super::place::*;
use crate::host::audit::Audit;
use crate::host::meter::Meter;

/// Mounts of a kind each: 0 is read-only, 1 copy-on-write, 2 can be written to.
struct Parent {
    place: Place,
    files: ServedFiles,
    meter: Meter,
}

const RO: u32 = 0;
const COW: u32 = 1;
const RW: u32 = 2;

impl Parent {
    fn new() -> Self {
        Self::with(&Limits { files_depth: 6, open_files: 3, ..Limits::default() })
    }

    fn with(limits: &Limits) -> Self {
        let place = Place::new();
        fs::create_dir(place.inside.join("rw")).unwrap();
        fs::write(place.inside.join("rw/f"), "0123456789").unwrap();
        fs::create_dir(place.inside.join("rw/.git")).unwrap();
        symlink(&place.outside, place.inside.join("rw/away")).unwrap();
        symlink("../../outside", place.inside.join("rw/up")).unwrap();
        fs::hard_link(place.outside.join("secret"), place.inside.join("rw/linked")).unwrap();
        let mounts = [
            ro(place.inside.join("sub"), "/data"),
            cow(place.inside.join("sub"), "/work/cow"),
            rw(place.inside.join("rw"), "/work/rw").bytes_max(100).files_max(3).open_files_max(8),
        ];
        let files = ServedFiles::open(&mounts, limits, &Audit::default()).unwrap();
        Self { place, files, meter: Meter::new(limits) }
    }

    /// What is told, as it is told over the line.
    fn ask(&mut self, ask: Ask) -> Result<Told, FileError> {
        let written = postcard::to_stdvec(&FileAsk(ask)).unwrap();
        let (reply, descriptor) = self.files.serve(&mut self.meter, postcard::from_bytes(&written).unwrap());
        let is_lent = matches!(reply, FileReply(Ok(Told::Lent(_))));
        assert_eq!(descriptor.is_some(), is_lent, "a descriptor comes only with a file that is lent");
        if let Some(descriptor) = descriptor {
            let flags = rustix::fs::fcntl_getfl(&descriptor).unwrap();
            assert!(!flags.intersects(rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::RDWR));
        }
        reply.0
    }

    #[track_caller]
    fn refuses(&mut self, ask: Ask, why: FileError) {
        let shown = format!("{ask:?}");
        assert_eq!(self.ask(ask).err(), Some(why), "{shown}");
    }

    #[track_caller]
    fn opened(&mut self, ask: Ask) -> u32 {
        match self.ask(ask) {
            Ok(Told::Opened(number)) => number,
            other => panic!("{other:?}"),
        }
    }

    /// Everything in the mounts that must not change, and what lies beside them.
    fn kept(&self) -> Vec<(String, Vec<u8>)> {
        let mut kept = Vec::new();
        for path in ["inside/sub", "inside/rw/.git", "outside"] {
            look(&self.place.inside.parent().unwrap().join(path), &mut kept);
        }
        kept
    }
}

/// What lies there, and below.
fn look(path: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let content = if metadata.is_file() { fs::read(path).unwrap() } else { Vec::new() };
    into.push((format!("{} {:?}", path.display(), metadata.modified().unwrap()), content));
    if metadata.is_dir() {
        let mut below: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        below.sort();
        below.iter().for_each(|path| look(path, into));
    }
}

fn at(mount: u32, path: &str) -> Hosted {
    path.split('/').filter(|name| !name.is_empty()).fold(Hosted::root(mount), |place, name| place.child(name))
}

/// Every question that would change something there.
fn changes(mount: u32, path: &str) -> Vec<Ask> {
    let here = || at(mount, path);
    let new = NewTimes { accessed_ns: Some(1), modified_ns: Some(1) };
    vec![
        Ask::OpenToWrite(here()),
        Ask::CreateFile(here()),
        Ask::CreateFile(here().child("new")),
        Ask::MakeDirectory(here().child("new")),
        Ask::MakeLink(here().child("new"), "b.txt".into()),
        Ask::RemoveFile(here()),
        Ask::RemoveDirectory(here()),
        Ask::SetTimes(here(), new),
        Ask::Rename(here(), at(mount, "gone")),
    ]
}

#[test]
fn nothing_is_changed_in_a_mount_that_is_read_only_or_copy_on_write() {
    let mut parent = Parent::new();
    let before = parent.kept();
    for (mount, path) in [(RO, "b.txt"), (RO, "deep"), (COW, "b.txt"), (COW, "deep")] {
        for ask in changes(mount, path) {
            parent.refuses(ask, FileError::ReadOnly);
        }
    }
    assert_eq!(parent.kept(), before);
}

#[test]
fn protected_names_are_not_changed_and_nothing_comes_under_one() {
    let mut parent = Parent::new();
    let before = parent.kept();
    for path in [".git", ".git/hooks", ".GIT/config"] {
        for ask in changes(RW, path) {
            parent.refuses(ask, FileError::Protected);
        }
    }
    parent.refuses(Ask::Rename(at(RW, "f"), at(RW, ".git/config")), FileError::Protected);
    parent.refuses(Ask::Rename(at(RW, "f"), at(RW, ".env")), FileError::Protected);
    assert_eq!(parent.kept(), before);
}

#[test]
fn no_place_leads_out_of_its_mount() {
    let mut parent = Parent::new();
    let before = parent.kept();
    for path in ["away/secret", "up/secret", "away/new", "up"] {
        for ask in [Ask::OpenToRead, Ask::OpenToWrite, Ask::CreateFile, Ask::RemoveDirectory, Ask::List] {
            let refused = parent.ask(ask(at(RW, path)));
            assert!(refused.is_err(), "{path}: {refused:?}");
        }
    }
    parent.refuses(Ask::MakeLink(at(RW, "l"), "../../outside".into()), FileError::Outside);
    parent.refuses(Ask::MakeLink(at(RW, "l"), "/etc/passwd".into()), FileError::Outside);
    parent.refuses(Ask::Rename(at(RW, "f"), at(RO, "f")), FileError::CrossMount);
    parent.refuses(Ask::Rename(at(RO, "b.txt"), at(RW, "b")), FileError::CrossMount);
    parent.refuses(Ask::OpenToWrite(at(RW, "linked")), FileError::ManyNames);
    for mount in [3, 4, u32::MAX] {
        parent.refuses(Ask::Seen(at(mount, "")), FileError::NotFound);
        parent.refuses(Ask::CreateFile(at(mount, "x")), FileError::NotFound);
    }
    // What has `..` or a slash in a name is no question at all.
    for path in ["..", "../outside/secret", "/etc/passwd", "a/../../b", "a//b", "."] {
        let written = postcard::to_stdvec(&(0u32, (2u32, path))).unwrap();
        assert!(postcard::from_bytes::<FileAsk>(&written).is_err(), "{path}");
    }
    let written = postcard::to_stdvec(&(0u32, (2u32, "f"))).unwrap();
    assert!(matches!(postcard::from_bytes::<FileAsk>(&written), Ok(FileAsk(Ask::Seen(_)))));
    assert_eq!(parent.kept(), before);
}

#[test]
fn quotas_hold_whoever_counts_otherwise() {
    let mut parent = Parent::new();
    let file = parent.opened(Ask::OpenToWrite(at(RW, "f")));
    let write = |at, bytes: &[u8], follow| Ask::Write { file, at, bytes: bytes.to_vec().into(), follow };
    parent.refuses(write(10, &[0; 101], 0), FileError::NoSpace);
    parent.refuses(write(10, b"x", 100), FileError::NoSpace);
    parent.refuses(write(1 << 62, b"x", 0), FileError::NoSpace);
    parent.refuses(write(u64::MAX, b"x", 0), FileError::TooBig);
    parent.refuses(write(0, b"x", u64::MAX), FileError::TooBig);
    parent.refuses(write(0, &vec![0; 1024 * 1024 + 1], 0), FileError::TooBig);
    for size in [111, 1 << 40, 1 << 63, u64::MAX] {
        parent.refuses(Ask::SetSize(file, size), FileError::NoSpace);
    }
    parent.ask(write(10, &[0; 60], 40)).unwrap();
    parent.ask(write(70, &[0; 40], 0)).unwrap();
    parent.ask(Ask::SetSize(file, 0)).unwrap();
    parent.refuses(Ask::SetSize(file, 1), FileError::NoSpace);
    let made = ["a", "b", "c"].map(|name| parent.ask(Ask::MakeDirectory(at(RW, name))).is_ok());
    assert_eq!(made, [true; 3]);
    parent.refuses(Ask::MakeDirectory(at(RW, "d")), FileError::NoSpace);
    parent.refuses(Ask::CreateFile(at(RW, "d")), FileError::NoSpace);
    parent.refuses(Ask::MakeLink(at(RW, "d"), "f".into()), FileError::NoSpace);
    assert!(matches!(parent.ask(Ask::Used), Ok(Told::Used(used)) if used == [(0, 0), (0, 0), (100, 3)]));
}

#[test]
fn depth_is_bounded_also_by_renames() {
    let mut parent = Parent::new();
    parent.ask(Ask::MakeDirectory(at(RW, "a"))).unwrap();
    parent.ask(Ask::MakeDirectory(at(RW, "a/b"))).unwrap();
    parent.ask(Ask::MakeDirectory(at(RW, "c"))).unwrap();
    let mut parent = Parent {
        files: ServedFiles::open(
            &[rw(parent.place.inside.join("rw"), "/work/rw")],
            &Limits { files_depth: 4, ..Limits::default() },
            &Audit::default(),
        )
        .unwrap(),
        ..parent
    };
    parent.refuses(Ask::MakeDirectory(at(0, "a/b/c")), FileError::NoSpace);
    parent.refuses(Ask::Rename(at(0, "a"), at(0, "c/a")), FileError::NoSpace);
    parent.ask(Ask::Rename(at(0, "a/b"), at(0, "c/b"))).unwrap();
}

#[test]
fn files_are_open_in_small_number_and_under_their_own_numbers() {
    let mut parent = Parent::new();
    let files: Vec<u32> = (0..3).map(|_| parent.opened(Ask::OpenToWrite(at(RW, "f")))).collect();
    parent.refuses(Ask::OpenToWrite(at(RW, "f")), FileError::TooManyOpen);
    parent.refuses(Ask::CreateFile(at(RW, "new")), FileError::TooManyOpen);
    assert!(!parent.place.inside.join("rw/new").exists());
    parent.ask(Ask::Close(files[0])).unwrap();
    parent.refuses(Ask::Close(files[0]), FileError::BadDescriptor);
    for number in [files[0], 0, 77, u32::MAX] {
        parent.refuses(Ask::StatOpen(number), FileError::BadDescriptor);
        parent.refuses(Ask::Identity(number), FileError::BadDescriptor);
        parent.refuses(Ask::Read { file: number, at: 0, len: 1 }, FileError::BadDescriptor);
        parent.refuses(Ask::SetSize(number, 0), FileError::BadDescriptor);
        let bytes = Vec::new().into();
        parent.refuses(Ask::Write { file: number, at: 0, bytes, follow: 0 }, FileError::BadDescriptor);
    }
    let again = parent.opened(Ask::OpenToWrite(at(RW, "f")));
    assert!(!files.contains(&again), "a number comes again late");
    let read = parent.ask(Ask::Read { file: again, at: 2, len: u32::MAX });
    assert!(matches!(read, Ok(Told::Bytes(bytes)) if bytes.as_slice() == b"23456789"));
    parent.refuses(Ask::Read { file: again, at: u64::MAX, len: 1 }, FileError::Invalid);
}

#[test]
fn a_large_directory_is_told_in_pages_that_the_session_pays_for() {
    let mut parent = Parent::new();
    let folder = parent.place.inside.join("sub/many");
    fs::create_dir(&folder).unwrap();
    for number in 0..2000 {
        fs::write(folder.join(format!("{number:0200}")), "").unwrap();
    }
    let Ok(Told::Names { entries, more: true, .. }) = parent.ask(Ask::List(at(RO, "many"))) else {
        panic!("it is told in pieces");
    };
    assert!(entries.len() < 1100);
    let held = parent.meter.held();
    assert!(held > 2000 * 200, "{held}");
    // Another listing takes the place of the first.
    assert!(matches!(parent.ask(Ask::List(at(RO, "deep"))), Ok(Told::Names { more: false, .. })));
    assert_eq!(parent.meter.held(), 0);
    parent.refuses(Ask::ListOn, FileError::Invalid);
    let mut small = Parent::with(&Limits { memory_bytes: 100_000, ..Limits::default() });
    fs::rename(&folder, small.place.inside.join("sub/many")).unwrap();
    small.refuses(Ask::List(at(RO, "many")), FileError::NoSpace);
}

fn place() -> impl Strategy<Value = Hosted> {
    let path = "(f|b\\.txt|deep|deep/c\\.txt|new|new/x|away/secret|up|linked|\\.git|\\.git/x|\\.env|)";
    (0u32..4, path).prop_map(|(mount, path)| at(mount, &path))
}

fn ask() -> impl Strategy<Value = Ask> {
    let number = prop_oneof![1u32..4, any::<u32>()];
    let long = prop_oneof![0u64..200, any::<u64>(), Just(1 << 63)];
    let of_one = [
        Ask::Seen,
        Ask::LinkTarget,
        Ask::List,
        Ask::IsEmpty,
        Ask::Height,
        Ask::Print,
        Ask::OpenToRead,
        Ask::OpenToWrite,
        Ask::CreateFile,
        Ask::MakeDirectory,
        Ask::RemoveFile,
        Ask::RemoveDirectory,
        Ask::RefusedWrite,
    ];
    let times = |(accessed_ns, modified_ns)| NewTimes { accessed_ns, modified_ns };
    prop_oneof![
        8 => (prop::sample::select(of_one.to_vec()), place()).prop_map(|(ask, place)| ask(place)),
        1 => (place(), "(f|\\.\\./f|/etc|deep/\\.\\./x|)").prop_map(|(place, to)| Ask::MakeLink(place, to.into())),
        2 => (place(), place()).prop_map(|(from, to)| Ask::Rename(from, to)),
        1 => (place(), any::<(Option<u64>, Option<u64>)>()).prop_map(move |(place, new)| Ask::SetTimes(place, times(new))),
        1 => number.clone().prop_map(Ask::StatOpen),
        1 => number.clone().prop_map(Ask::Identity),
        1 => number.clone().prop_map(Ask::Close),
        1 => (number.clone(), long.clone(), any::<u32>()).prop_map(|(file, at, len)| Ask::Read { file, at, len }),
        4 => (number.clone(), long.clone(), 0usize..300, long.clone())
            .prop_map(|(file, at, len, follow)| Ask::Write { file, at, bytes: vec![1; len].into(), follow: follow % 300 }),
        2 => (number, long).prop_map(|(file, size)| Ask::SetSize(file, size)),
        1 => Just(()).prop_map(|()| Ask::ListOn),
        1 => Just(()).prop_map(|()| Ask::Used),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is asked in whatever order: only the mount that can be written to changes, within its quota, and not under protected names.
    #[test]
    fn whatever_is_asked_stays_within_what_was_granted(asks in prop::collection::vec(ask(), 1..60)) {
        let mut parent = Parent::new();
        let before = parent.kept();
        let size = |parent: &Parent| {
            let mut all = Vec::new();
            look(&parent.place.inside.join("rw"), &mut all);
            (all.len(), all.iter().map(|(_, content)| content.len()).sum::<usize>())
        };
        let (count, bytes) = size(&parent);
        for ask in asks {
            let _ = parent.ask(ask);
        }
        // Times of what was looked at stay as they are, too; a file with two names is one file.
        prop_assert_eq!(parent.kept(), before);
        let (count_now, bytes_now) = size(&parent);
        prop_assert!(count_now <= count + 3 && bytes_now <= bytes + 100, "{count_now} files, {bytes_now} bytes");
    }
}
