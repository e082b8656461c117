//! Whatever a worker that has fallen asks of its parent.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("belljar-fuzz-services-{}", std::process::id())));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::services(&FOLDER, bytes));
