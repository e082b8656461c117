//! What tests of mounts share: a directory of the host, mounts of it, and what a session says of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::*;
use super::Session;
use crate::mount::Mount;
use crate::outcome::{Applied, ChangeKind};

/// A directory of the host with a few files, and beside it one that nobody mounted.
pub(super) struct Place {
    _temporary: tempfile::TempDir,
    pub(super) inside: PathBuf,
    pub(super) outside: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (inside, outside) = (temporary.path().join("inside"), temporary.path().join("outside"));
        fs::create_dir_all(inside.join("sub/deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(inside.join("a.txt"), "a on the host\n").unwrap();
        fs::write(inside.join("sub/b.txt"), "b on the host\n").unwrap();
        fs::write(inside.join("sub/deep/c.txt"), "c on the host\n").unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        Self { _temporary: temporary, inside, outside }
    }

    pub(super) fn session(&self, mount: fn(PathBuf, &'static str) -> Mount) -> Session {
        let mut session = Session::default();
        session.mount(&[mount(self.inside.clone(), "/work/src")]).unwrap();
        session
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.inside.join(path)).unwrap()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.inside.join(path), text).unwrap();
    }
}

impl Session {
    pub(super) fn changed(&self) -> Vec<(String, ChangeKind)> {
        self.files.changes().into_iter().map(|change| (change.path, change.kind)).collect()
    }

    pub(super) fn apply(&mut self, paths: &[&str]) -> Applied {
        self.act(|files| files.apply(&Selection::paths(paths.iter().copied())))
    }

    pub(super) fn apply_all(&mut self) -> Applied {
        self.act(|files| files.apply(&Selection::All))
    }

    pub(super) fn diff(&mut self, path: &str) -> String {
        self.act(|files| files.diff(path))
    }

    pub(super) fn save_output(&mut self, into: &Path) -> crate::error::Result<Applied> {
        self.act(|files| files.save_output(into))
    }

    pub(super) fn text(&mut self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }
}

#[track_caller]
pub(super) fn refused(applied: &Applied, path: &str) -> String {
    let refused = applied.refused.iter().find(|refused| refused.path == path);
    refused.unwrap_or_else(|| panic!("{path} is not refused: {applied:?}")).reason.clone()
}

pub(super) fn ro(source: PathBuf, destination: &'static str) -> Mount {
    Mount::read_only(source, destination)
}

pub(super) fn rw(source: PathBuf, destination: &'static str) -> Mount {
    Mount::read_write(source, destination)
}

pub(super) fn cow(source: PathBuf, destination: &'static str) -> Mount {
    Mount::copy_on_write(source, destination)
}
