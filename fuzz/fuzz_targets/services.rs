//! Whatever a worker that has fallen asks of its parent: it is served or refused, and nothing changes but what its session may change.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

/// What is mounted, and what lies beside it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("belljar-fuzz-services-{}", std::process::id()));
    for (path, text) in [("mounted/ro", "f"), ("beside", "secret")] {
        std::fs::create_dir_all(folder.join(path)).expect("the folder of temporary files can be written");
        std::fs::write(folder.join(path).join(text), text).expect("so can a file in it");
    }
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::services(&FOLDER, bytes));
