//! Programs of cargo's that checks need: installed once into the cache, so that nothing of the user's is touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::cache::{Cache, Shelf};
use crate::progress::run_logged;

/// A program of this name and version, built with cargo unless it is there.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// Where the program is.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        let cache = Cache::open()?;
        let entry = format!("{}-{}", self.name, self.version);
        let in_entry = Path::new("bin").join(self.name);
        // One that was put there by hand is as good.
        let by_hand = cache.place(Shelf::Tools, &entry).join(&in_entry);
        if self.is_right(&by_hand) {
            return Ok(by_hand);
        }
        let folder = cache.entry(Shelf::Tools, &entry, |draft| {
            println!("building {entry}, once; this takes some minutes");
            let version = format!("={}", self.version);
            let mut install = Command::new("cargo");
            install.args(["install", "--locked", "--version", &version, self.name, "--root"]);
            install.arg(&draft.out).arg("--target-dir").arg(draft.work.join("target"));
            run_logged(&mut install, &cache.root().join("logs").join(format!("{}.log", self.name)))
        })?;
        Ok(folder.join(in_entry))
    }

    fn is_right(&self, program: &Path) -> bool {
        let said = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        said.is_ok_and(|said| {
            said.status.success() && String::from_utf8_lossy(&said.stdout).contains(self.version)
        })
    }
}
