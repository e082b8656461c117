//! What was changed in copy-on-write mounts and in `/output`: how it is kept, told, shown as a diff, and applied to the host.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::super::*;
use super::place::*;
use super::served::elsewhere_too;
use super::{Session, at, look, update};
use crate::outcome::ChangeKind;

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
    session.mount(&[cow(place.inside.clone(), "/work/src")]).unwrap();
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
    session.mount(&[cow(place.inside.clone(), "/work/src")]).unwrap();
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
    assert_eq!(session.apply_all().refused, []);
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
    let applied = session.apply_all();
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
    let applied = session.apply_all();
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
    let applied = session.apply_all();
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
    assert_eq!(session.apply_all().refused, []);
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
    assert_eq!(session.apply_all().refused, []);
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
    assert_eq!(session.apply_all().refused, []);
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
    assert_eq!(session.apply_all().refused, []);
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
        session.diff("/"),
        "--- a/work/src/a.txt\n+++ b/work/src/a.txt\n@@ -1 +1 @@\n-a on the host\n+a in the jar\n\
         Binary files a/work/src/binary and b/work/src/binary differ\n\
         --- /dev/null\n+++ \"b/work/src/new\\u{a}name\"\n@@ -0,0 +1 @@\n+1\n\
         --- a/work/src/sub/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-b on the host\n"
    );
    assert!(session.diff("/work/src/sub").starts_with("--- a/work/src/sub/b.txt"));
    assert_eq!(session.diff("/work/src/su"), "");
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
    let saved = session.save_output(&place.inside).unwrap();
    assert_eq!(saved.applied.len(), 1);
    assert_eq!(place.read("sub/new"), "out");
    assert_eq!(place.read("a.txt"), "a on the host\n");
    assert_eq!(refused(&saved, "a.txt"), "it exists already");
    assert!(refused(&saved, ".bashrc").contains("protected"));
    assert!(!refused(&saved, "plots/evil").is_empty());
    assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
    assert!(session.save_output(&place.inside.join("none")).is_err());
}

#[test]
fn all_of_that_holds_when_another_process_has_the_directories() {
    elsewhere_too(&[
        a_cow_mount_keeps_every_change_in_memory,
        what_is_as_it_was_is_no_change,
        an_open_file_shows_what_is_written_through_another_descriptor,
        copies_are_charged_and_bounded,
        chosen_changes_are_applied_and_others_are_not,
        what_changed_on_the_host_meanwhile_is_not_overwritten,
        a_change_of_the_same_size_in_the_same_instant_is_found_by_its_content,
        nothing_is_applied_through_a_link_that_was_put_in_the_way,
        moves_swaps_and_changes_of_kind_are_applied,
        what_a_moved_file_needs_is_not_taken_away,
        a_directory_that_was_removed_and_made_anew_hides_what_the_host_has,
        a_diff_is_unified_and_names_what_is_no_text,
        output_is_saved_and_replaces_nothing,
    ]);
}
