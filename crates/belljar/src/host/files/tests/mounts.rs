//! Directories of the host: what the guest can do with each kind of mount, and what the host can do with the changes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::*;
use super::{Session, at, look, update};
use crate::mount::Mount;
use crate::outcome::{Applied, ChangeKind};

/// A directory of the host with a few files, and beside it one that nobody mounted.
struct Place {
    _temporary: tempfile::TempDir,
    inside: PathBuf,
    outside: PathBuf,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (inside, outside) = (temporary.path().join("inside"), temporary.path().join("outside"));
        fs::create_dir_all(inside.join("sub/deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(inside.join("a.txt"), "a on the host\n").unwrap();
        fs::write(inside.join("sub/b.txt"), "b on the host\n").unwrap();
        fs::write(inside.join("sub/deep/c.txt"), "c on the host\n").unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        Self { _temporary: temporary, inside, outside }
    }

    fn session(&self, mount: fn(PathBuf, &'static str) -> Mount) -> Session {
        let mut session = Session::default();
        session.files.mount(&[mount(self.inside.clone(), "/work/src")]).unwrap();
        session
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.inside.join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.inside.join(path), text).unwrap();
    }
}

impl Session {
    fn changed(&self) -> Vec<(String, ChangeKind)> {
        self.files.changes().into_iter().map(|change| (change.path, change.kind)).collect()
    }

    fn apply(&mut self, paths: &[&str]) -> Applied {
        self.files.apply(&Selection::paths(paths.iter().copied()))
    }

    fn text(&mut self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }
}

#[track_caller]
fn refused(applied: &Applied, path: &str) -> String {
    let refused = applied.refused.iter().find(|refused| refused.path == path);
    refused.unwrap_or_else(|| panic!("{path} is not refused: {applied:?}")).reason.clone()
}

fn ro(source: PathBuf, destination: &'static str) -> Mount {
    Mount::read_only(source, destination)
}

fn rw(source: PathBuf, destination: &'static str) -> Mount {
    Mount::read_write(source, destination)
}

fn cow(source: PathBuf, destination: &'static str) -> Mount {
    Mount::copy_on_write(source, destination)
}

#[test]
fn a_read_only_mount_is_read_and_not_changed() {
    let place = Place::new();
    let mut session = place.session(ro);
    assert_eq!(session.text("/work/src/sub/../a.txt"), "a on the host\n");
    assert_eq!(session.list("/work"), ["src"]);
    assert_eq!(session.list("/work/src"), ["a.txt", "sub"]);
    assert_eq!(session.list("/work/src/sub/.."), ["a.txt", "sub"]);
    assert_eq!(session.stat("/work/src/a.txt").unwrap().size, 14);
    assert_eq!(session.store("/work/src/a.txt", b""), Err(FileError::ReadOnly));
    assert_eq!(session.store("/work/src/new", b""), Err(FileError::ReadOnly));
    assert_eq!(session.make_directory("/work/src/new"), Err(FileError::ReadOnly));
    assert_eq!(session.make_link("/work/src/new", "a.txt"), Err(FileError::ReadOnly));
    assert_eq!(session.remove_file("/work/src/a.txt"), Err(FileError::ReadOnly));
    assert_eq!(session.remove_directory("/work/src/sub"), Err(FileError::ReadOnly));
    assert_eq!(session.rename("/work/src/a.txt", "/work/src/b"), Err(FileError::ReadOnly));
    session.store("/work/beside", b"x").unwrap();
    assert_eq!(place.read("a.txt"), "a on the host\n");
}

#[test]
fn what_is_written_to_a_rw_mount_is_on_the_host() {
    let place = Place::new();
    let mut session = place.session(rw);
    session.store("/work/src/new.txt", b"new").unwrap();
    assert_eq!(place.read("new.txt"), "new");
    session.make_directory("/work/src/d").unwrap();
    session.rename("/work/src/new.txt", "/work/src/d/moved").unwrap();
    assert_eq!(place.read("d/moved"), "new");
    let fd = session.open("/work/src/a.txt", update()).unwrap();
    session.write(fd, Some(0), b"A").unwrap();
    let (space, mut change) = session.change();
    space.set_size(fd, 4, &mut change).unwrap();
    assert_eq!(place.read("a.txt"), "A on");
    session.make_link("/work/src/l", "d/moved").unwrap();
    assert_eq!(session.text("/work/src/l"), "new");
    session.remove_file("/work/src/l").unwrap();
    assert_eq!(session.remove_directory("/work/src/d"), Err(FileError::NotEmpty));
    session.remove_file("/work/src/d/moved").unwrap();
    session.remove_directory("/work/src/d").unwrap();
    assert!(!place.inside.join("d").exists());
    let mode = |path: &str| fs::metadata(place.inside.join(path)).unwrap().permissions().mode() & 0o7777;
    session.store("/work/src/plain", b"").unwrap();
    assert_eq!(mode("plain") & !0o644, 0);
    assert!(session.changed().is_empty());
}

#[test]
fn links_of_the_host_are_followed_in_their_mount_and_never_out_of_it() {
    let place = Place::new();
    symlink("../a.txt", place.inside.join("sub/up")).unwrap();
    symlink("sub/deep", place.inside.join("down")).unwrap();
    symlink(&place.outside, place.inside.join("absolute")).unwrap();
    symlink("../outside", place.inside.join("escape")).unwrap();
    symlink("sub/../../outside", place.inside.join("detour")).unwrap();
    symlink("escape/secret", place.inside.join("chain")).unwrap();
    symlink("loop", place.inside.join("loop")).unwrap();
    symlink("/etc/passwd", place.inside.join("passwd")).unwrap();
    for mount in [ro, rw, cow] {
        let mut session = place.session(mount);
        assert_eq!(session.text("/work/src/sub/up"), "a on the host\n");
        assert_eq!(session.text("/work/src/down/c.txt"), "c on the host\n");
        assert_eq!(session.text("/work/src/down/../../a.txt"), "a on the host\n");
        for path in
            ["absolute/secret", "escape/secret", "detour/secret", "chain", "passwd", "escape", "absolute"]
        {
            let path = format!("/work/src/{path}");
            assert_eq!(session.stat(&path).unwrap_err(), FileError::Outside, "{path}");
            assert_eq!(session.open(&path, look()), Err(FileError::Outside), "{path}");
            assert!(session.store(&path, b"x").is_err(), "{path}");
        }
        assert_eq!(session.stat("/work/src/loop").unwrap_err(), FileError::LinkLoop);
        let kept = At { last: LastLink::Keep, ..at("/work/src/passwd") };
        assert_eq!(session.files.space().stat(kept).unwrap().kind, Kind::Link);
        assert_eq!(&*session.files.space().link_target(kept).unwrap(), "/etc/passwd");
    }
    assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
}

#[test]
fn links_that_would_lead_out_are_not_made() {
    let place = Place::new();
    for mount in [rw, cow] {
        let mut session = place.session(mount);
        for target in ["/etc/passwd", "/work/src/a.txt", "../../outside", "..", "a/../../x"] {
            let made = session.make_link("/work/src/link", target);
            assert_eq!(made, Err(FileError::Outside), "{target}");
        }
        session.make_link("/work/src/link", "sub/b.txt").unwrap();
        assert_eq!(session.text("/work/src/link"), "b on the host\n");
        session.remove_file("/work/src/link").unwrap();
    }
    // On the host a link moves with its directory, so it may not go up at all; in memory it is looked at again when it is applied.
    assert_eq!(place.session(rw).make_link("/work/src/sub/up", "../a.txt"), Err(FileError::Outside));
    place.session(cow).make_link("/work/src/sub/up", "../a.txt").unwrap();
}

#[test]
fn special_files_are_seen_and_not_opened() {
    let place = Place::new();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.inside.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o666),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.inside.join("socket")).unwrap();
    for mount in [ro, rw, cow] {
        let mut session = place.session(mount);
        for name in ["pipe", "socket"] {
            let path = format!("/work/src/{name}");
            assert_eq!(session.stat(&path).unwrap().kind, Kind::Special);
            assert_eq!(session.open(&path, look()), Err(FileError::Special));
            assert!(session.open(&path, update()).is_err());
            assert!(session.files.read(&path).is_err());
        }
    }
}

#[test]
fn protected_names_are_not_changed_on_the_host() {
    let place = Place::new();
    fs::create_dir_all(place.inside.join(".git/hooks")).unwrap();
    place.write(".env", "KEY=1");
    let mut session = place.session(rw);
    for path in [".git/hooks/pre-commit", ".git/config", ".bashrc", "sub/.ENV", ".env.local", ".Git"] {
        assert_eq!(session.store(&format!("/work/src/{path}"), b"x"), Err(FileError::Protected), "{path}");
    }
    assert_eq!(session.remove_file("/work/src/.env"), Err(FileError::Protected));
    assert_eq!(session.rename("/work/src/.env", "/work/src/env"), Err(FileError::Protected));
    assert_eq!(session.rename("/work/src/sub", "/work/src/.git2/../.ssh"), Err(FileError::NotFound));
    assert_eq!(session.rename("/work/src/sub", "/work/src/.ssh"), Err(FileError::Protected));
    assert_eq!(session.make_directory("/work/src/.vscode"), Err(FileError::Protected));
    session.make_link("/work/src/way", ".git").unwrap();
    assert_eq!(session.store("/work/src/way/hooks/post-merge", b"x"), Err(FileError::Protected));
    assert_eq!(session.text("/work/src/.env"), "KEY=1");

    let mut session = place.session(cow);
    session.store("/work/src/.git/hooks/pre-commit", b"x").unwrap();
    let applied = session.files.apply(&Selection::All);
    assert!(refused(&applied, "/work/src/.git/hooks/pre-commit").contains("protected"));
    assert!(!place.inside.join(".git/hooks/pre-commit").exists());

    let mut session = Session::default();
    session.files.mount(&[rw(place.inside.clone(), "/work/src").unprotected()]).unwrap();
    session.store("/work/src/.env", b"KEY=2").unwrap();
    assert_eq!(place.read(".env"), "KEY=2");
}

#[test]
fn files_with_other_names_are_not_written() {
    let place = Place::new();
    fs::hard_link(place.outside.join("secret"), place.inside.join("linked")).unwrap();
    let mut session = place.session(rw);
    assert_eq!(session.open("/work/src/linked", update()), Err(FileError::ManyNames));
    assert_eq!(session.store("/work/src/linked", b""), Err(FileError::ManyNames));
    let mut session = place.session(cow);
    session.store("/work/src/linked", b"mine").unwrap();
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!(place.read("linked"), "mine");
    assert_eq!(fs::read_to_string(place.outside.join("secret")).unwrap(), "secret");
}

#[test]
fn quotas_hold_on_the_host() {
    let place = Place::new();
    let mount = rw(place.inside.clone(), "/work/src").bytes_max(1000).files_max(3).open_files_max(2);
    let mut session = Session::default();
    session.files.mount(&[mount]).unwrap();
    let fd = session.make("/work/src/large").unwrap();
    assert_eq!(session.write(fd, None, &[1; 1001]), Err(FileError::NoSpace));
    session.write(fd, None, &[1; 600]).unwrap();
    session.write(fd, Some(0), &[2; 600]).unwrap();
    assert_eq!(session.write(fd, Some(1 << 40), b"x"), Err(FileError::NoSpace));
    let (space, mut change) = session.change();
    assert_eq!(space.set_size(fd, 1 << 40, &mut change), Err(FileError::NoSpace));
    assert_eq!(space.set_size(fd, 1001, &mut change), Err(FileError::NoSpace));
    assert_eq!(fs::metadata(place.inside.join("large")).unwrap().len(), 600);
    session.make_directory("/work/src/d").unwrap();
    assert_eq!(session.make("/work/src/e").map(drop), Ok(()));
    assert_eq!(session.open("/work/src/a.txt", look()), Err(FileError::TooManyOpen));
    session.close(fd).unwrap();
    session.remove_file("/work/src/large").unwrap();
    assert_eq!(session.make("/work/src/f"), Err(FileError::NoSpace));
    assert_eq!(session.make_link("/work/src/f", "d"), Err(FileError::NoSpace));
    assert_eq!(session.stat("/work/src/f").unwrap_err(), FileError::NotFound);
}

#[test]
fn depth_is_bounded_on_the_host_also_by_renames() {
    let place = Place::new();
    let mut session = Session::new(&Limits { files_depth: 5, ..Limits::default() });
    session.files.mount(&[rw(place.inside.clone(), "/work/src")]).unwrap();
    session.make_directory("/work/src/sub/deep/er").unwrap();
    assert_eq!(session.make_directory("/work/src/sub/deep/er/still"), Err(FileError::NoSpace));
    session.make_directory("/work/src/x").unwrap();
    assert_eq!(session.rename("/work/src/sub", "/work/src/x/sub"), Err(FileError::NoSpace));
    assert_eq!(session.store(&format!("/work/src/{}", "n".repeat(256)), b""), Err(FileError::NameTooLong));
}

#[test]
fn renames_stay_in_their_mount() {
    let place = Place::new();
    let other = tempfile::tempdir().unwrap();
    for mount in [rw, cow] {
        let mut session = Session::default();
        let mounts = [mount(place.inside.clone(), "/work/src"), rw(other.path().to_owned(), "/data")];
        session.files.mount(&mounts).unwrap();
        session.store("/work/mine", b"x").unwrap();
        for (from, to) in [
            ("/work/src/a.txt", "/data/a.txt"),
            ("/work/src/a.txt", "/work/a.txt"),
            ("/work/mine", "/work/src/mine"),
        ] {
            assert_eq!(session.rename(from, to), Err(FileError::CrossMount), "{from} {to}");
        }
        session.make_directory("/work/d").unwrap();
        assert_eq!(session.rename("/work/src", "/work/moved"), Err(FileError::MountPoint));
        assert_eq!(session.rename("/work/d", "/work/src"), Err(FileError::MountPoint));
        assert_eq!(session.remove_directory("/work/src"), Err(FileError::MountPoint));
        assert_eq!(session.rename("/work/src/sub", "/work/src/sub/deep/x"), Err(FileError::Invalid));
        assert_eq!(session.rename("/work/src/sub", "/work/src/sub"), Ok(()));
    }
}

#[test]
fn a_cow_mount_keeps_every_change_in_memory() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"changed\n").unwrap();
    session.store("/work/src/sub/new.txt", b"new\n").unwrap();
    session.remove_file("/work/src/sub/b.txt").unwrap();
    session.make_directory("/work/src/made").unwrap();
    assert_eq!(session.text("/work/src/a.txt"), "changed\n");
    assert_eq!(session.list("/work/src/sub"), ["deep", "new.txt"]);
    assert!(session.stat("/work/src/sub/b.txt").is_err());
    assert_eq!(place.read("a.txt"), "a on the host\n");
    assert_eq!(place.read("sub/b.txt"), "b on the host\n");
    let told: Vec<_> = session.files.changes().into_iter().map(|c| (c.path, c.kind, c.size_bytes)).collect();
    assert_eq!(
        told,
        [
            ("/work/src/a.txt".to_owned(), ChangeKind::Changed, 8),
            ("/work/src/made".to_owned(), ChangeKind::Added, 0),
            ("/work/src/sub/b.txt".to_owned(), ChangeKind::Deleted, 14),
            ("/work/src/sub/new.txt".to_owned(), ChangeKind::Added, 4),
        ]
    );
    let mut copy = session.files.clone();
    session.store("/work/src/a.txt", b"again\n").unwrap();
    assert_eq!(copy.read("/work/src/a.txt").unwrap(), b"changed\n");
}

#[test]
fn what_is_as_it_was_is_no_change() {
    let place = Place::new();
    let mut session = place.session(cow);
    let fd = session.open("/work/src/a.txt", update()).unwrap();
    session.write(fd, None, b"A").unwrap();
    session.write(fd, Some(0), b"a").unwrap();
    session.store("/work/src/new", b"").unwrap();
    session.remove_file("/work/src/new").unwrap();
    session.rename("/work/src/sub", "/work/src/other").unwrap();
    session.rename("/work/src/other", "/work/src/sub").unwrap();
    let new = NewTimes { accessed_ns: None, modified_ns: Some(1) };
    let (space, mut change) = session.change();
    space.set_times(at("/work/src/sub/b.txt"), new, &mut change).unwrap();
    assert_eq!(session.stat("/work/src/sub/b.txt").unwrap().times.modified_ns, 1);
    assert_eq!(session.changed(), []);
    assert_eq!(session.text("/work/src/sub/deep/c.txt"), "c on the host\n");
}

#[test]
fn an_open_file_shows_what_is_written_through_another_descriptor() {
    let place = Place::new();
    let mut session = place.session(cow);
    let reader = session.open("/work/src/a.txt", look()).unwrap();
    session.store("/work/src/a.txt", b"changed\n").unwrap();
    let mut bytes = [0; 32];
    assert_eq!(session.files.space().read(reader, Some(0), &mut bytes), Ok(8));
    let gone = session.open("/work/src/sub/b.txt", look()).unwrap();
    session.remove_file("/work/src/sub/b.txt").unwrap();
    assert_eq!(session.files.space().read(gone, Some(0), &mut bytes), Ok(14));
    let directory = session.open("/work/src/sub", look()).unwrap();
    session.store("/work/src/sub/x", b"").unwrap();
    let inside = At { fd: directory, ..at("x") };
    assert!(session.files.space().stat(inside).is_ok());
}

#[test]
fn copies_are_charged_and_bounded() {
    let place = Place::new();
    place.write("large", &"x".repeat(100_000));
    let mut session = Session::new(&Limits { files_bytes: 50_000, files_count: 4, ..Limits::default() });
    session.files.mount(&[cow(place.inside.clone(), "/work/src")]).unwrap();
    assert_eq!(session.open("/work/src/large", update()), Err(FileError::NoSpace));
    assert_eq!(session.read("/work/src/large").len(), 100_000);
    // A moved file is still the host's: it takes no bytes.
    session.rename("/work/src/large", "/work/src/larger").unwrap();
    assert_eq!(session.read("/work/src/larger").len(), 100_000);
    assert_eq!(session.rename("/work/src/sub", "/work/src/other"), Err(FileError::NoSpace));
    assert_eq!(session.text("/work/src/sub/deep/c.txt"), "c on the host\n");
    let huge = fs::File::create(place.inside.join("huge")).unwrap();
    huge.set_len(1 << 32).unwrap();
    let mut session =
        Session::new(&Limits { files_bytes: 1 << 32, memory_bytes: 1 << 32, ..Limits::default() });
    session.files.mount(&[cow(place.inside.clone(), "/work/src")]).unwrap();
    assert_eq!(session.open("/work/src/huge", update()), Err(FileError::TooBig));
}

#[test]
fn chosen_changes_are_applied_and_others_are_not() {
    let place = Place::new();
    let permissions = fs::Permissions::from_mode(0o750);
    fs::set_permissions(place.inside.join("a.txt"), permissions).unwrap();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"changed\n").unwrap();
    session.store("/work/src/sub/b.txt", b"changed too\n").unwrap();
    session.make_directory("/work/src/new").unwrap();
    session.store("/work/src/new/file", b"1").unwrap();
    session.make_link("/work/src/new/link", "file").unwrap();
    session.remove_file("/work/src/sub/deep/c.txt").unwrap();
    session.remove_directory("/work/src/sub/deep").unwrap();

    let applied = session.apply(&["/work/src/a.txt", "/work/src/none"]);
    assert_eq!(applied.applied.len(), 1);
    assert_eq!(refused(&applied, "/work/src/none"), "nothing was changed there");
    assert_eq!(place.read("a.txt"), "changed\n");
    assert_eq!(fs::metadata(place.inside.join("a.txt")).unwrap().permissions().mode() & 0o7777, 0o750);
    assert_eq!(place.read("sub/b.txt"), "b on the host\n");
    assert_eq!(session.changed().len(), 6);

    session.make_directory("/work/src/far").unwrap();
    session.make_directory("/work/src/far/below").unwrap();
    session.store("/work/src/far/below/file", b"far").unwrap();
    session.store("/work/src/far/other", b"").unwrap();
    assert_eq!(session.apply(&["/work/src/far/below/file"]).applied.len(), 3);
    assert_eq!(place.read("far/below/file"), "far");
    assert_eq!(session.apply(&["/work/src/far"]).applied.len(), 1);

    assert_eq!(session.apply(&["/work/src/new/", "/work/src/sub/deep"]).refused, []);
    assert_eq!(place.read("new/link"), "1");
    assert!(!place.inside.join("sub/deep").exists());
    assert_eq!(session.changed(), [("/work/src/sub/b.txt".to_owned(), ChangeKind::Changed)]);

    // What was applied can be changed, and applied, again.
    session.store("/work/src/a.txt", b"and again\n").unwrap();
    session.store("/work/src/new/file", b"2").unwrap();
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!((place.read("a.txt"), place.read("new/file")), ("and again\n".to_owned(), "2".to_owned()));
    assert_eq!(session.changed(), []);
    let names: Vec<_> =
        fs::read_dir(&place.inside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("belljar")), "{names:?}");
}

#[test]
fn what_changed_on_the_host_meanwhile_is_not_overwritten() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"mine\n").unwrap();
    session.remove_file("/work/src/sub/b.txt").unwrap();
    session.store("/work/src/new", b"mine").unwrap();
    session.store("/work/src/sub/deep/c.txt", b"mine").unwrap();
    session.make_directory("/work/src/d").unwrap();
    session.store("/work/src/d/x", b"").unwrap();
    place.write("a.txt", "theirs\n");
    place.write("sub/b.txt", "theirs\n");
    place.write("new", "theirs");
    fs::remove_file(place.inside.join("sub/deep/c.txt")).unwrap();
    place.write("d", "a file");
    let applied = session.files.apply(&Selection::All);
    assert_eq!(applied.applied, []);
    let meanwhile = "it was changed on the host meanwhile";
    assert_eq!(refused(&applied, "/work/src/a.txt"), meanwhile);
    assert_eq!(refused(&applied, "/work/src/sub/b.txt"), meanwhile);
    assert_eq!(refused(&applied, "/work/src/sub/deep/c.txt"), meanwhile);
    assert_eq!(refused(&applied, "/work/src/new"), "something was put there on the host meanwhile");
    assert!(refused(&applied, "/work/src/d").contains("put there"));
    assert!(refused(&applied, "/work/src/d/x").contains("directory"));
    assert_eq!(place.read("a.txt"), "theirs\n");
    assert_eq!(place.read("sub/b.txt"), "theirs\n");
    assert_eq!(place.read("new"), "theirs");
    assert_eq!(session.text("/work/src/a.txt"), "mine\n");
}

#[test]
fn a_change_of_the_same_size_in_the_same_instant_is_found_by_its_content() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"mine\n").unwrap();
    let path = place.inside.join("a.txt");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    place.write("a.txt", "A ON THE HOST\n");
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let applied = session.files.apply(&Selection::All);
    assert_eq!(refused(&applied, "/work/src/a.txt"), "it was changed on the host meanwhile");
}

#[test]
fn nothing_is_applied_through_a_link_that_was_put_in_the_way() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.store("/work/src/sub/b.txt", b"mine\n").unwrap();
    session.store("/work/src/sub/secret", b"mine\n").unwrap();
    fs::rename(place.inside.join("sub"), place.inside.join("away")).unwrap();
    symlink(&place.outside, place.inside.join("sub")).unwrap();
    let applied = session.files.apply(&Selection::All);
    assert_eq!(applied.applied, []);
    assert_eq!(fs::read_to_string(place.outside.join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
    assert!(!refused(&applied, "/work/src/sub/secret").is_empty());
}

#[test]
fn moves_swaps_and_changes_of_kind_are_applied() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.rename("/work/src/a.txt", "/work/src/t").unwrap();
    session.rename("/work/src/sub/b.txt", "/work/src/a.txt").unwrap();
    session.rename("/work/src/t", "/work/src/sub/b.txt").unwrap();
    session.rename("/work/src/sub/deep", "/work/src/deep").unwrap();
    session.store("/work/src/sub/deep", b"a file now").unwrap();
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!(
        (place.read("a.txt"), place.read("sub/b.txt")),
        ("b on the host\n".into(), "a on the host\n".into())
    );
    assert_eq!(
        (place.read("deep/c.txt"), place.read("sub/deep")),
        ("c on the host\n".into(), "a file now".into())
    );
    assert_eq!(session.changed(), []);
    session.remove_file("/work/src/a.txt").unwrap();
    session.make_directory("/work/src/a.txt").unwrap();
    session.store("/work/src/a.txt/in", b"in").unwrap();
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!(place.read("a.txt/in"), "in");
}

#[test]
fn what_a_moved_file_needs_is_not_taken_away() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.rename("/work/src/a.txt", "/work/src/moved").unwrap();
    session.store("/work/src/a.txt", b"new\n").unwrap();
    session.rename("/work/src/sub/b.txt", "/work/src/sub/c.txt").unwrap();
    let reason = "a file that was moved from there is not applied with it";
    assert_eq!(refused(&session.apply(&["/work/src/a.txt"]), "/work/src/a.txt"), reason);
    assert_eq!(refused(&session.apply(&["/work/src/sub/b.txt"]), "/work/src/sub/b.txt"), reason);
    assert_eq!(
        (session.text("/work/src/moved"), place.read("a.txt")),
        ("a on the host\n".into(), "a on the host\n".into())
    );
    assert_eq!(session.apply(&["/work/src/moved", "/work/src/a.txt"]).refused, []);
    assert_eq!((place.read("moved"), place.read("a.txt")), ("a on the host\n".into(), "new\n".into()));
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!(place.read("sub/c.txt"), "b on the host\n");
    assert!(!place.inside.join("sub/b.txt").exists());
}

#[test]
fn a_directory_that_was_removed_and_made_anew_hides_what_the_host_has() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.remove_file("/work/src/sub/b.txt").unwrap();
    session.remove_file("/work/src/sub/deep/c.txt").unwrap();
    session.remove_directory("/work/src/sub/deep").unwrap();
    session.remove_directory("/work/src/sub").unwrap();
    assert_eq!(session.list("/work/src"), ["a.txt"]);
    session.make_directory("/work/src/sub").unwrap();
    assert_eq!(session.list("/work/src/sub"), [""; 0]);
    session.store("/work/src/sub/b.txt", b"b on the host\n").unwrap();
    let deleted = ["/work/src/sub/deep/c.txt", "/work/src/sub/deep"];
    assert_eq!(session.changed(), deleted.map(|path| (path.to_owned(), ChangeKind::Deleted)));
    place.write("sub/later", "of the host");
    assert_eq!(session.list("/work/src/sub"), ["b.txt"]);
    assert_eq!(session.files.apply(&Selection::All).refused, []);
    assert_eq!(place.read("sub/later"), "of the host");
}

#[test]
fn a_diff_is_unified_and_names_what_is_no_text() {
    let place = Place::new();
    place.write("binary", "a\0b");
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"a in the jar\n").unwrap();
    session.store("/work/src/binary", b"c\0d").unwrap();
    session.store("/work/src/new\nname", b"1\n").unwrap();
    session.remove_file("/work/src/sub/b.txt").unwrap();
    assert_eq!(
        session.files.diff("/"),
        "--- a/work/src/a.txt\n+++ b/work/src/a.txt\n@@ -1 +1 @@\n-a on the host\n+a in the jar\n\
         Binary files a/work/src/binary and b/work/src/binary differ\n\
         --- /dev/null\n+++ \"b/work/src/new\\u{a}name\"\n@@ -0,0 +1 @@\n+1\n\
         --- a/work/src/sub/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-b on the host\n"
    );
    assert!(session.files.diff("/work/src/sub").starts_with("--- a/work/src/sub/b.txt"));
    assert_eq!(session.files.diff("/work/src/su"), "");
}

#[test]
fn output_is_saved_and_replaces_nothing() {
    let place = Place::new();
    symlink(&place.outside, place.inside.join("plots")).unwrap();
    let mut session = Session::default();
    session.make_directory("/output/plots").unwrap();
    session.make_directory("/output/sub").unwrap();
    for path in ["a.txt", "plots/evil", "sub/new", ".bashrc"] {
        session.store(&format!("/output/{path}"), b"out").unwrap();
    }
    let saved = session.files.save_output(&place.inside).unwrap();
    assert_eq!(saved.applied.len(), 1);
    assert_eq!(place.read("sub/new"), "out");
    assert_eq!(place.read("a.txt"), "a on the host\n");
    assert_eq!(refused(&saved, "a.txt"), "it exists already");
    assert!(refused(&saved, ".bashrc").contains("protected"));
    assert!(!refused(&saved, "plots/evil").is_empty());
    assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
    assert!(session.files.save_output(&place.inside.join("none")).is_err());
}

#[test]
fn mounts_that_cannot_be_are_refused_by_name() {
    let place = Place::new();
    let refusal = |mounts: &[Mount]| Session::default().files.mount(mounts).unwrap_err().to_string();
    let inside = || place.inside.clone();
    assert!(
        refusal(&[ro(inside().join("none"), "/data")])
            .ends_with("there is no such directory on this machine")
    );
    assert!(refusal(&[ro(inside().join("a.txt"), "/data")]).ends_with("it is not a directory"));
    assert!(refusal(&[ro(inside(), "data")]).ends_with("the destination is not an absolute path"));
    assert!(refusal(&[ro(inside(), "/data"), ro(inside(), "/data/x")]).contains("overlaps that of"));
    assert!(refusal(&[ro(inside(), "/data"), ro(inside(), "/data")]).contains("overlaps that of"));
    assert!(refusal(&[ro(inside(), "/lib/a.py")]).ends_with("the destination is taken"));
    assert!(refusal(&[ro(inside(), "/lib")]).ends_with("the destination is taken"));
    assert!(
        refusal(&[rw(inside(), "/a"), ro(inside().join("sub"), "/b")]).contains("one of them can be written")
    );
    assert!(Session::default().files.mount(&[ro(inside(), "/a"), cow(inside(), "/b")]).is_ok());
    assert!(Session::default().files.mount(&[cow(inside(), "/work"), ro(inside(), "/tmp")]).is_ok());
}

#[test]
fn names_that_are_not_utf8_are_left_out_and_left_alone() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    fs::write(place.inside.join(std::ffi::OsStr::from_bytes(b"sub/deep/\xff")), "x").unwrap();
    let mut session = place.session(cow);
    assert_eq!(session.list("/work/src/sub/deep"), ["c.txt"]);
    session.remove_file("/work/src/sub/deep/c.txt").unwrap();
    assert_eq!(session.remove_directory("/work/src/sub/deep"), Err(FileError::NotEmpty));
    assert_eq!(session.rename("/work/src/sub", "/work/src/moved"), Err(FileError::NotSupported));
}

/// A directory that another process swaps for a link, again and again: what is reached is in the mount, or nothing.
#[test]
fn a_directory_that_is_swapped_for_a_link_never_leads_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = Place::new();
    fs::create_dir(place.inside.join("swap")).unwrap();
    place.write("swap/secret", "inside");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (swap, away) = (place.inside.join("swap"), place.inside.join("away"));
            while !over.load(Ordering::Relaxed) {
                fs::rename(&swap, &away).unwrap();
                symlink(&place.outside, &swap).unwrap();
                fs::remove_file(&swap).unwrap();
                fs::rename(&away, &swap).unwrap();
            }
        });
        let mut session = place.session(rw);
        let (mut read, mut missed) = (0, 0);
        for round in 0..20_000 {
            let opened = session.open("/work/src/swap/secret", look());
            if let Ok(fd) = opened {
                let mut bytes = [0; 16];
                let count = session.files.space().read(fd, Some(0), &mut bytes).unwrap();
                assert_eq!(&bytes[..count], b"inside");
                session.close(fd).unwrap();
                read += 1;
            } else {
                missed += 1;
            }
            let _ = session.make_directory(&format!("/work/src/swap/{}", round % 7));
            let _ = session.remove_directory(&format!("/work/src/swap/{}", round % 7));
        }
        over.store(true, Ordering::Relaxed);
        assert!(read > 0 && missed > 0, "{read} read, {missed} missed: nothing was raced");
    });
    let left: Vec<_> =
        fs::read_dir(&place.outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["secret"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No path, through no links, reaches what lies beside a mount; and what is done along the way changes nothing there.
    #[test]
    fn no_path_through_any_links_leads_out(
        links in prop::collection::vec(("[ab]", "(/|\\.\\./|\\.\\./\\.\\./|)(a|b|sub|outside|inside|work|\\.|\\.\\.)(/\\.\\.|/secret|/a|/b|)"), 0..4),
        paths in prop::collection::vec("(a|b|sub|outside|\\.|\\.\\.)(/(a|b|sub|deep|outside|secret|\\.|\\.\\.)){0,4}", 1..6),
    ) {
        let place = Place::new();
        for (name, target) in &links {
            let _ = symlink(target, place.inside.join("sub").join(name));
            let _ = symlink(target, place.inside.join(name));
        }
        for mount in [ro, rw, cow] {
            let mut session = place.session(mount);
            for path in &paths {
                let path = format!("/work/src/{path}");
                if let Ok(bytes) = session.files.read(&path) {
                    prop_assert!(bytes != b"secret", "{path} with {links:?}");
                }
                let _ = session.store(&format!("{path}/new"), b"new");
                let _ = session.make_directory(&path);
                let _ = session.rename(&path, "/work/src/sub/moved");
                let _ = session.remove_file(&path);
            }
            session.files.apply(&Selection::All);
        }
        prop_assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
        prop_assert_eq!(fs::read(place.outside.join("secret")).unwrap(), b"secret");
        prop_assert_eq!(fs::read_dir(place.inside.parent().unwrap()).unwrap().count(), 2);
    }
}
