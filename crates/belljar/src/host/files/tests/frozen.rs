//! Files as part of a snapshot: everything comes back, and the host's files are looked for anew.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::super::frozen::FrozenFiles;
use super::super::*;
use super::place::*;
use super::served::{elsewhere_too, near};
use super::{Session, look, update};
use crate::grants::Grants;
use crate::mount::Mount;

/// The session as it goes on from a snapshot; and what the snapshot holds.
#[track_caller]
fn thawed(session: &Session, mounts: &[Mount]) -> (Session, Vec<u8>) {
    let grants = mounts.iter().cloned().fold(Grants::default(), Grants::mount);
    let bytes = postcard::to_stdvec(&FrozenFiles::freeze(&session.files, &grants)).unwrap();
    let frozen: FrozenFiles = postcard::from_bytes(&bytes).unwrap();
    let near = near(mounts, &Limits::default()).unwrap();
    let mut other = Session { near, ..Session::default() };
    let elsewhere = other.elsewhere();
    other.files = frozen.thaw(&Limits::default(), &session.files.pack, &grants, elsewhere.as_ref()).unwrap();
    other.meter.go_on(session.meter.held());
    (other, bytes)
}

impl Place {
    fn mount(&self, mount: fn(PathBuf, &'static str) -> Mount) -> [Mount; 1] {
        [mount(self.inside.clone(), "/work/src")]
    }
}

fn read(session: &mut Session, fd: u32) -> Result<String, FileError> {
    let mut bytes = [0; 64];
    let count = session.files.space().read(fd, None, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

#[test]
fn changes_of_a_cow_mount_go_along() {
    let place = Place::new();
    symlink("a.txt", place.inside.join("link")).unwrap();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"changed\n").unwrap();
    session.rename("/work/src/sub", "/work/src/moved").unwrap();
    session.remove_file("/work/src/link").unwrap();
    session.make_directory("/work/src/sub").unwrap();
    session.store("/work/src/sub/new.txt", b"new\n").unwrap();
    session.store("/work/beside", b"x").unwrap();
    let (changed, used) = (session.changed(), session.files.space().quota.used());
    let (mut other, bytes) = thawed(&session, &place.mount(cow));
    assert_eq!(other.changed(), changed);
    assert_eq!(other.files.space().quota.used(), used);
    assert_eq!(other.text("/work/src/moved/deep/c.txt"), "c on the host\n");
    assert_eq!(other.diff("/"), session.diff("/"));
    assert_eq!(thawed(&other, &place.mount(cow)).1, bytes, "a snapshot of it is the same");

    // What the host has meanwhile is not overwritten.
    place.write("a.txt", "meanwhile\n");
    assert_eq!(refused(&other.apply(&["/work/src/a.txt"]), "/work/src/a.txt"), FileError::Changed.reason());
    let applied = other.apply(&["/work/src/moved", "/work/src/sub", "/work/src/link"]);
    assert_eq!(applied.refused, []);
    assert_eq!(place.read("moved/deep/c.txt"), "c on the host\n");
    assert_eq!(place.read("sub/new.txt"), "new\n");
    assert!(!place.inside.join("link").is_symlink());
    assert_eq!(other.changed(), [("/work/src/a.txt".to_owned(), crate::outcome::ChangeKind::Changed)]);
}

#[test]
fn files_of_the_host_that_are_open_are_opened_anew() {
    for mount in [ro, rw, cow] {
        let place = Place::new();
        let mut session = place.session(mount);
        let fd = session.open("/work/src/a.txt", look()).unwrap();
        let mut two = [0; 2];
        session.files.space().read(fd, None, &mut two).unwrap();
        let directory = session.open("/work/src/sub", look()).unwrap();
        let (mut other, _) = thawed(&session, &place.mount(mount));
        assert_eq!(read(&mut other, fd).unwrap(), "on the host\n");
        assert_eq!(read(&mut other, directory), Err(FileError::IsDirectory));
        let (space, mut change) = other.change();
        assert!(space.listed_after(directory, 0, &mut change).unwrap().is_some());
        // A file may have grown: it is the same.
        place.write("a.txt", "a on the host, and more\n");
        let (mut other, _) = thawed(&session, &place.mount(mount));
        assert_eq!(read(&mut other, fd).unwrap(), "on the host, and more\n");
    }
}

#[test]
fn a_file_that_is_another_one_now_is_lost() {
    for replace in [false, true] {
        let place = Place::new();
        let mut session = place.session(rw);
        let fd = session.open("/work/src/a.txt", update()).unwrap();
        fs::rename(place.inside.join("a.txt"), place.inside.join("old")).unwrap();
        if replace {
            place.write("a.txt", "another\n");
        }
        let (mut other, _) = thawed(&session, &place.mount(rw));
        assert_eq!(read(&mut other, fd), Err(FileError::Lost));
        assert_eq!(other.write(fd, None, b"x"), Err(FileError::Lost));
        assert_eq!(other.files.space().stat_open(fd).err(), Some(FileError::Lost));
        assert_eq!(other.files.space().seek(fd, 0, Whence::Start), Err(FileError::Lost));
        // It stays lost, and can be closed.
        let (mut again, _) = thawed(&other, &place.mount(rw));
        assert_eq!(read(&mut again, fd), Err(FileError::Lost));
        again.close(fd).unwrap();
        assert_eq!(place.inside.join("a.txt").exists(), replace);
        assert_eq!(place.read("old"), "a on the host\n");
    }
}

#[test]
fn a_removed_file_and_a_removed_directory_that_are_open_go_along() {
    let mut session = Session::default();
    session.make_directory("/work/a").unwrap();
    session.make_directory("/work/a/b").unwrap();
    session.store("/work/f", b"still here").unwrap();
    let (file, directory) =
        (session.open("/work/f", look()).unwrap(), session.open("/work/a/b", look()).unwrap());
    session.remove_file("/work/f").unwrap();
    session.remove_directory("/work/a/b").unwrap();
    session.remove_directory("/work/a").unwrap();
    let (mut other, _) = thawed(&session, &[]);
    assert_eq!(read(&mut other, file).unwrap(), "still here");
    other.close(file).unwrap();
    other.close(directory).unwrap();
    assert!(other.is_unburdened());
}

#[test]
fn a_directory_with_a_mount_in_it_stays_where_it_is() {
    let place = Place::new();
    for mount in [ro, rw, cow] {
        let mut session = Session::default();
        session.mount(&[mount(place.inside.clone(), "/work/deep/src")]).unwrap();
        assert_eq!(session.rename("/work/deep", "/work/other"), Err(FileError::MountPoint));
        assert!(session.stat("/work/deep/src/a.txt").is_ok());
    }
}

/// A snapshot of one mount is none of another: what is read is checked against the mounts.
#[test]
fn files_are_not_hung_on_mounts_that_are_others() {
    let place = Place::new();
    let mut session = place.session(cow);
    session.store("/work/src/a.txt", b"changed\n").unwrap();
    let grants = |mounts: &[Mount]| mounts.iter().cloned().fold(Grants::default(), Grants::mount);
    let frozen = || {
        let bytes =
            postcard::to_stdvec(&FrozenFiles::freeze(&session.files, &grants(&place.mount(cow)))).unwrap();
        postcard::from_bytes::<FrozenFiles>(&bytes).unwrap()
    };
    let other = Mount::copy_on_write(place.inside.clone(), "/work/other");
    let two = [place.mount(cow), [Mount::read_only(place.outside.clone(), "/work/more")]].concat();
    for mounts in [&place.mount(ro)[..], &place.mount(rw), &[other], &two, &[]] {
        let thawed = frozen().thaw(&Limits::default(), &session.files.pack, &grants(mounts), None);
        assert!(thawed.is_err(), "{mounts:?}");
    }
}

#[test]
fn all_of_that_holds_when_another_process_has_the_directories() {
    elsewhere_too(&[
        changes_of_a_cow_mount_go_along,
        files_of_the_host_that_are_open_are_opened_anew,
        a_file_that_is_another_one_now_is_lost,
        a_removed_file_and_a_removed_directory_that_are_open_go_along,
        a_directory_with_a_mount_in_it_stays_where_it_is,
        files_are_not_hung_on_mounts_that_are_others,
    ]);
}
