//! `belljar image`: making and listing images.

mod program;

use std::os::unix::fs::PermissionsExt;

use program::{Folder, belljar, run};

#[test]
fn images_are_listed_with_their_versions() {
    let gave = run(["image", "list"]);
    let names: Vec<&str> = gave.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["javascript", "microjs", "python", "typescript"], "{gave:?}");
}

#[test]
fn what_is_no_engine_is_refused() {
    let folder = Folder::new("no-engine");
    let images = folder.path().join("images");
    let build = |engine: &str| run(["image", "build", engine, "--images", images.to_str().unwrap()]);
    build("/no/such/folder").refused("/no/such/folder holds no engine");
    folder.file("engine.wasm", "this is no WebAssembly");
    let gave = build(folder.path().to_str().unwrap());
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.contains("engine.json"), "{gave:?}");
    folder.file("engine.json", r#"{"name": "x", "language": "Python", "version": "1", "abi": 99}"#);
    let gave = build(folder.path().to_str().unwrap());
    assert!(
        gave.stderr.contains("cannot be trusted: it speaks version 99 of the engine contract"),
        "{gave:?}"
    );
    folder.file("engine.json", r#"{"name": "x", "language": "Python", "version": "1", "abi": 1}"#);
    assert_eq!(build(folder.path().to_str().unwrap()).code, Some(125));
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
    let mut command = belljar();
    command.args(["image", "build"]).arg(folder.path()).arg("--images").arg(&images);
    let gave = program::Gave::from(command.output().unwrap());
    assert_eq!(gave.code, Some(125), "{gave:?}");
}

/// Files below a folder.
fn left_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { left_in(&path) } else { vec![path] }).collect()
}
