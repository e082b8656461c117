//! Directories of the host: what the guest can do with each kind of mount.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::super::*;
use super::place::*;
use super::served::{elsewhere_too, has_directories_elsewhere};
use super::{Session, at, look, update};
use crate::mount::Mount;

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
    let applied = session.apply_all();
    assert!(refused(&applied, "/work/src/.git/hooks/pre-commit").contains("protected"));
    assert!(!place.inside.join(".git/hooks/pre-commit").exists());

    let mut session = Session::default();
    session.mount(&[rw(place.inside.clone(), "/work/src").unprotected()]).unwrap();
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
    let (space, mut change) = session.change();
    let new = NewTimes { accessed_ns: None, modified_ns: Some(0) };
    assert_eq!(space.set_times(at("/work/src/linked"), new, &mut change), Err(FileError::ManyNames));
    space.set_times(at("/work/src/a.txt"), new, &mut change).unwrap();
    let mut session = place.session(cow);
    session.store("/work/src/linked", b"mine").unwrap();
    assert_eq!(session.apply_all().refused, []);
    assert_eq!(place.read("linked"), "mine");
    assert_eq!(fs::read_to_string(place.outside.join("secret")).unwrap(), "secret");
}

#[test]
fn quotas_hold_on_the_host() {
    let place = Place::new();
    let mount = rw(place.inside.clone(), "/work/src").bytes_max(1000).files_max(3).open_files_max(2);
    let mut session = Session::default();
    session.mount(&[mount]).unwrap();
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
fn what_was_used_on_the_host_is_used_also_when_the_session_goes_back() {
    let place = Place::new();
    let mut session = Session::default();
    session.mount(&[rw(place.inside.clone(), "/work/src").bytes_max(1000).files_max(2)]).unwrap();
    let before = session.files.clone();
    session.store("/work/src/one", &[1; 600]).unwrap();
    session.files = before.clone();
    assert_eq!(session.store("/work/src/two", &[1; 600]), Err(FileError::NoSpace));
    assert_eq!(session.make("/work/src/three"), Err(FileError::NoSpace));
}

/// A session that was forked may use as much as the one that it was forked from had left.
#[test]
fn a_fork_counts_apart() {
    let place = Place::new();
    let mount = rw(place.inside.clone(), "/work/src").bytes_max(1000);
    let mut session = Session::default();
    session.files.mount(&[mount], None).unwrap();
    session.store("/work/src/one", &[1; 600]).unwrap();
    let mut fork = Session { files: session.files.clone(), ..Session::default() };
    fork.files.count_apart();
    fork.store("/work/src/two", &[1; 400]).unwrap();
    assert_eq!(fork.store("/work/src/two", &[1; 401]), Err(FileError::NoSpace));
    session.store("/work/src/three", &[1; 400]).unwrap();
}

#[test]
fn depth_is_bounded_on_the_host_also_by_renames() {
    let place = Place::new();
    let mut session = Session::new(&Limits { files_depth: 5, ..Limits::default() });
    session.mount(&[rw(place.inside.clone(), "/work/src")]).unwrap();
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
        session.mount(&mounts).unwrap();
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
fn mounts_that_cannot_be_are_refused_by_name() {
    let place = Place::new();
    let refusal = |mounts: &[Mount]| Session::default().mount(mounts).unwrap_err().to_string();
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
    assert!(Session::default().mount(&[ro(inside(), "/a"), cow(inside(), "/b")]).is_ok());
    assert!(Session::default().mount(&[cow(inside(), "/work"), ro(inside(), "/tmp")]).is_ok());
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

#[test]
fn all_of_that_holds_when_another_process_has_the_directories() {
    elsewhere_too(&[
        a_read_only_mount_is_read_and_not_changed,
        what_is_written_to_a_rw_mount_is_on_the_host,
        links_of_the_host_are_followed_in_their_mount_and_never_out_of_it,
        links_that_would_lead_out_are_not_made,
        special_files_are_seen_and_not_opened,
        protected_names_are_not_changed_on_the_host,
        files_with_other_names_are_not_written,
        quotas_hold_on_the_host,
        what_was_used_on_the_host_is_used_also_when_the_session_goes_back,
        depth_is_bounded_on_the_host_also_by_renames,
        renames_stay_in_their_mount,
        mounts_that_cannot_be_are_refused_by_name,
        names_that_are_not_utf8_are_left_out_and_left_alone,
        a_directory_that_is_swapped_for_a_link_never_leads_out,
    ]);
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
        for (mount, elsewhere) in [ro, rw, cow].into_iter().flat_map(|mount| [(mount, false), (mount, true)]) {
            let _elsewhere = elsewhere.then(has_directories_elsewhere);
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
            session.apply_all();
        }
        prop_assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
        prop_assert_eq!(fs::read(place.outside.join("secret")).unwrap(), b"secret");
        prop_assert_eq!(fs::read_dir(place.inside.parent().unwrap()).unwrap().count(), 2);
    }
}
