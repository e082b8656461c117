//! The virtual files: what they promise, and what hostile code tries with them.

mod changes;
mod frozen;
mod hostile;
mod model;
mod mounts;
mod place;
mod promises;
mod served;

use std::sync::Arc;

use super::pack::{Pack, Packing};
use super::*;
use crate::host::elsewhere::Elsewhere;
use crate::host::meter::Meter;
use crate::mount::Mount;

/// A session's files with the budget beside them.
struct Session {
    limits: Limits,
    files: Files,
    meter: Meter,
    now_ns: u64,
    /// The process that has its directories, if it is not this one.
    near: Option<Arc<served::Near>>,
}

impl Session {
    fn new(limits: &Limits) -> Self {
        let mut packing = Packing::default();
        packing.file("/usr/share/zoneinfo/UTC", b"utc".to_vec()).unwrap();
        packing.file("/lib/a.py", b"a = 1".to_vec()).unwrap();
        packing.file("/lib/sub/b.py", b"b = 1".to_vec()).unwrap();
        let pack = Arc::new(Pack::from_bytes(packing.finish().unwrap()).unwrap());
        Self {
            limits: limits.clone(),
            files: Files::new(limits, pack),
            meter: Meter::new(limits),
            now_ns: 7,
            near: None,
        }
    }

    fn mount(&mut self, mounts: &[Mount]) -> crate::error::Result<()> {
        self.near = served::near(mounts, &self.limits)?;
        self.files.mount(mounts, self.elsewhere().as_ref())
    }

    fn elsewhere(&self) -> Option<Arc<dyn Elsewhere>> {
        self.near.clone().map(|near| near as Arc<dyn Elsewhere>)
    }

    /// What the embedding program does with the files.
    fn act<T>(&mut self, act: impl FnOnce(&mut Files) -> T) -> T {
        match &self.near {
            Some(near) => near.act(&mut self.files, &self.limits, act),
            None => act(&mut self.files),
        }
    }

    fn change(&mut self) -> (&mut Space, Change<'_>) {
        (self.files.space(), Change { meter: &mut self.meter, now_ns: self.now_ns })
    }

    fn open(&mut self, path: &str, how: Opening) -> Result<u32, FileError> {
        let (space, mut change) = self.change();
        space.open(at(path), how, &mut change)
    }

    fn make(&mut self, path: &str) -> Result<u32, FileError> {
        self.open(path, Opening { create: true, ..update() })
    }

    fn write(&mut self, fd: u32, offset: Option<u64>, bytes: &[u8]) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.write(fd, offset, bytes, &mut change)
    }

    fn close(&mut self, fd: u32) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.close(fd, &mut change)
    }

    /// Makes a file with this content and closes it.
    fn store(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let fd = self.open(path, Opening { create: true, truncate: true, ..update() })?;
        let written = self.write(fd, None, bytes);
        self.close(fd)?;
        written
    }

    fn make_directory(&mut self, path: &str) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.make_directory(at(path), &mut change)
    }

    fn make_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.make_link(at(path), target, &mut change)
    }

    fn remove_file(&mut self, path: &str) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.remove_file(at(path), &mut change)
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.remove_directory(at(path), &mut change)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), FileError> {
        let (space, mut change) = self.change();
        space.rename(at(from), at(to), &mut change)
    }

    fn stat(&mut self, path: &str) -> Result<Stat, FileError> {
        self.files.space().stat(at(path))
    }

    fn read(&mut self, path: &str) -> Vec<u8> {
        self.files.read(path).unwrap()
    }

    /// The names in a directory, without the dots.
    fn list(&mut self, path: &str) -> Vec<String> {
        let fd = self.open(path, Opening { directory: true, ..look() }).unwrap();
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let (space, mut change) = self.change();
            let Some(entry) = space.listed_after(fd, cookie, &mut change).unwrap() else { break };
            assert!(entry.cookie > cookie);
            cookie = entry.cookie;
            names.push(entry.name.to_owned());
        }
        self.close(fd).unwrap();
        assert_eq!(names[..2], [".", ".."]);
        names.split_off(2)
    }

    /// Whether everything that was charged has been given back.
    fn is_unburdened(&mut self) -> bool {
        let all = Limits::default().memory_bytes;
        let free = self.meter.hold(all).is_ok();
        self.meter.release(if free { all } else { 0 });
        free && self.files.space().quota.used() == (0, 0)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new(&Limits::default())
    }
}

fn at(path: &str) -> At<'_> {
    At { fd: ROOT_FD, path, last: LastLink::Follow }
}

fn look() -> Opening {
    Opening { access: Access { read: true, ..Access::default() }, ..Opening::default() }
}

fn update() -> Opening {
    Opening { access: Access { read: true, write: true, ..Access::default() }, ..Opening::default() }
}
