//! Whatever bytes are signed as a snapshot: they are refused, or a session can go on from them, and nothing is allocated beyond its limits.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

/// What is mounted in the sessions.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join("belljar-fuzz-snapshot");
    std::fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
    std::fs::write(folder.join("a.txt"), "a").expect("so can a file in it");
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::snapshot(&FOLDER, bytes));
