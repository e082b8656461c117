//! `belljar image`: making and listing images.

mod program;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::{Folder, Gave, on_small_disk, run};

#[test]
fn images_are_listed_with_their_versions() {
    let gave = run(["image", "list"]);
    let names: Vec<&str> = gave.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    // Whoever measured has one more.
    let made_by_setup = ["javascript", "microjs", "python", "typescript"];
    assert!(names.is_sorted() && made_by_setup.iter().all(|name| names.contains(name)), "{gave:?}");
}

#[test]
fn what_is_no_engine_is_refused() {
    let folder = Folder::new("no-engine");
    let images = folder.path().join("images");
    let build = |engine: &str| run(["image", "build", engine, "--images", images.to_str().unwrap()]);
    build("/no/such/folder").refused("/no/such/folder holds no engine");
    folder.file("engine.wasm", "this is no WebAssembly");
    let at = folder.path().to_str().unwrap();
    build(at).refused(&format!("cannot read {at}/engine.json: no such file or directory"));
    folder.file("engine.json", r#"{"name": "x", "language": "Python", "version": "1", "abi": 99}"#);
    let untrusted = format!("the image at {at} cannot be trusted");
    build(at).refused(&format!("{untrusted}: it speaks version 99 of the engine contract, not 1"));
    for name in ["../x", ".x", "", "a/b"] {
        folder.file(
            "engine.json",
            format!(r#"{{"name": "{name}", "language": "Python", "version": "1", "abi": 1}}"#),
        );
        build(at).refused(&format!("{untrusted}: {name:?} cannot be the name of an image"));
    }
    folder.file("engine.json", r#"{"name": "x", "language": "Python", "version": "1", "abi": 1}"#);
    for wasm in [&b"this is no WebAssembly"[..], b"", b"\0asm\x01\0\0\0"] {
        folder.file("engine.wasm", wasm);
        build(at).refused_somehow(&format!("{untrusted}: cannot "));
    }
    assert!(
        !images.exists() || left_in(&images).is_empty(),
        "nothing half-written is left: {:?}",
        left_in(&images)
    );
}

#[test]
fn a_place_that_cannot_be_written() {
    let list = run(["image", "list"]);
    assert!(list.stdout.contains("microjs"), "run `cargo xtask setup` before these tests: {list:?}");
    let folder = Folder::new("read-only");
    // A file where the folder should be: this holds for root, too.
    let images = folder.file("images", "");
    std::fs::set_permissions(&images, std::fs::Permissions::from_mode(0o444)).unwrap();
    folder.file("engine.wasm", b"\0asm\x01\0\0\0");
    folder.file("engine.json", r#"{"name": "x", "language": "Python", "version": "1", "abi": 1}"#);
    let gave = run([
        Path::new("image"),
        Path::new("build"),
        folder.path(),
        Path::new("--images"),
        Path::new(&images),
    ]);
    gave.refused_somehow(&format!("the image at {} cannot be trusted: cannot ", folder.path().display()));
    let gave =
        run([Path::new("image"), Path::new("build"), &engine(), Path::new("--images"), Path::new(&images)]);
    gave.refused_somehow(&format!("cannot write {images}"));
    assert!(gave.stderr.contains("not a directory"), "{gave:?}");
}

/// An image is made at once or not at all, also where the disk is full: nothing is left that could be taken for one, or that takes room.
#[test]
fn a_disk_that_is_full() {
    let folder = Folder::new("full");
    let program = env!("CARGO_BIN_EXE_belljar");
    let (place, engine) = (folder.path().display(), engine());
    let build = format!("'{program}' image build '{}' --images '{place}'", engine.display());
    let gave = on_small_disk(folder.path(), 256 << 10, &format!("{build}; echo $?; find '{place}' -type f"));
    if let Some(gave) = gave {
        assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "125\n"), "{gave:?}");
        let lines: Vec<&str> = gave.stderr.lines().collect();
        assert!(
            lines[0].starts_with("error: cannot write ") && lines[0].ends_with(": no space left on device")
        );
        assert!(lines.len() == 2 && lines[1].starts_with("hint: ") && lines[1].contains("room"), "{gave:?}");
    }
    // A file that may not grow is told as well as one that has no room.
    let limited = format!("trap '' XFSZ; ulimit -f 64; {build}");
    let gave: Gave = Command::new("sh").args(["-c", &limited]).output().unwrap().into();
    gave.refused_somehow("cannot write ");
    assert!(left_in(folder.path()).is_empty(), "{:?}", left_in(folder.path()));
}

/// The engine that is the quickest to compile.
fn engine() -> PathBuf {
    let list = run(["image", "list"]);
    let line = list.stdout.lines().find(|line| line.starts_with("microjs "));
    let image =
        line.and_then(|line| line.rsplit(' ').next()).expect("run `cargo xtask setup` before these tests");
    let engines = Path::new(image).ancestors().nth(3).expect("images lie in the cache").join("engines");
    let mut found =
        std::fs::read_dir(&engines).expect("engines lie beside them").flatten().map(|entry| entry.path());
    let of =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("microjs-"));
    found.find(of).expect("setup has built it")
}

/// Files below a folder.
fn left_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { left_in(&path) } else { vec![path] }).collect()
}
