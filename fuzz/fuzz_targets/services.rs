//! Whatever a worker that has fallen asks of its parent: it is served or refused. Nothing changes but what its session may change, and what is lent
//! can be read and nothing else.
#![no_main]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::LazyLock;

/// What is mounted, and what lies beside it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("belljar-fuzz-services-{}", std::process::id()));
    for (path, name) in [("mounted/ro", "f"), ("beside", "secret")] {
        fs::create_dir_all(folder.join(path)).expect("the folder of temporary files can be written");
        fs::write(folder.join(path).join(name), name).expect("so can a file in it");
    }
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let written = FOLDER.join("mounted/rw");
    let _ = fs::remove_dir_all(&written);
    fs::create_dir_all(written.join("d")).expect("the folder of temporary files can be written");
    for (name, text) in [("f", "0123456789"), (".env", "KEY=1")] {
        fs::write(written.join(name), text).expect("so can a file in it");
    }
    symlink("../../beside", written.join("away")).expect("and a link");
    for descriptor in belljar::fuzzing::services(&FOLDER.join("mounted"), bytes) {
        fs::File::from(descriptor).write(b"x").expect_err("it is for reading");
    }
    for (path, text) in [("mounted/ro/f", "f"), ("beside/secret", "secret"), ("mounted/rw/.env", "KEY=1")] {
        let is = fs::read_to_string(FOLDER.join(path));
        assert!(is.as_deref().is_ok_and(|is| is == text), "{path} is {is:?}");
    }
    for (path, count) in [("", 2), ("beside", 1), ("mounted", 2), ("mounted/ro", 1)] {
        let found = fs::read_dir(FOLDER.join(path)).expect("it is there").count();
        assert_eq!(found, count, "in {path:?}");
    }
});
