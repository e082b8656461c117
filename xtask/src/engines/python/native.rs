//! CPython for this machine: builds the other one, and is what benchmarks compare with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cache::{Cache, Key, Shelf};
use crate::fetch::debian::Version;
use crate::progress::run_logged;
use crate::require::{self, require};

/// Builds it once; the program is `python` in the folder returned. It runs from its build folder, which is self-contained.
pub(super) fn build(cache: &Cache, version: &Version, source: &Path) -> Result<PathBuf> {
    let mut key = Key::new();
    key.part("source", version.sha256.as_bytes()).part("recipe", include_bytes!("native.rs"));
    let name = format!("python-native-{}-{}", version.upstream, key.finish());
    cache.entry(Shelf::Tools, &name, |draft| {
        require(&[&require::GCC, &require::MAKE])?;
        let log = cache.root().join("logs").join("python-native.log");
        let run = |command: &mut Command| run_logged(command.current_dir(&draft.out), &log);
        run(Command::new("cp").arg("-a").arg(source.join(".")).arg("."))?;
        run(Command::new("./configure").args([
            "--quiet",
            "--without-ensurepip",
            "--disable-test-modules",
            "CFLAGS=-O3",
        ]))?;
        run(Command::new("make").arg("--quiet").arg(format!("-j{}", jobs())))
    })
}

/// How many things to compile at once.
pub(super) fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
