//! The read-only files that every session sees: the standard library's sources, for those who read them, and time zones.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::Bench;
use crate::cache;
use crate::fetch::debian::Version;

/// Folders of the library that are of no use in a sandbox: tests, and what needs a screen or installs packages.
const LEFT_OUT: [&str; 6] = ["ensurepip", "idlelib", "test", "tkinter", "turtledemo", "__pycache__"];

/// Files that the library takes its time zones from are listed by this one, which is not one of them.
const NOT_ZONES: [&str; 1] = ["__init__.py"];

/// Writes `files/`.
pub(super) fn lay_out(bench: &Bench, version: &Version, source: &Path) -> Result<()> {
    let files = bench.out.join("files");
    let library = source.join("Lib");
    copy(&library, &files.join(super::library_folder(version)), |path| {
        !path.iter().any(|part| LEFT_OUT.iter().any(|name| part == *name))
    })?;
    copy(&bench.folder.join("modules"), &files.join(super::library_folder(version)), |_| true)?;
    let zones = super::TZDATA.fetch(bench.cache)?.join("tzdata/zoneinfo");
    copy(&zones, &files.join("usr/share/zoneinfo"), |path| !NOT_ZONES.iter().any(|name| path.ends_with(name)))
}

/// Copies the files below `from` whose relative path is wanted.
fn copy(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) -> Result<()> {
    for path in cache::files(from)? {
        let relative = path.strip_prefix(from).context("a file outside its folder")?;
        if wanted(relative) {
            cache::write(&to.join(relative), cache::read(&path)?)?;
        }
    }
    Ok(())
}
