//! A directory of the host that is mounted, and one beside it that is not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use belljar::{Grants, Mount, Session};

use crate::common::jar;

/// The two directories, and whose sessions see the first as `/work/src`.
pub(crate) struct Place {
    _temporary: tempfile::TempDir,
    image: &'static str,
    /// The only file outside, and what is in it.
    secret: (&'static str, &'static str),
    pub(crate) inside: PathBuf,
    pub(crate) outside: PathBuf,
}

impl Place {
    /// A place for sessions of an image, with a file outside that nobody may get at.
    pub(crate) fn new(image: &'static str, secret: (&'static str, &'static str)) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (inside, outside) = (temporary.path().join("inside"), temporary.path().join("outside"));
        fs::create_dir_all(inside.join("sub/deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(inside.join("a.txt"), "a on the host\n").unwrap();
        fs::write(inside.join("sub/b.txt"), "b on the host\n").unwrap();
        fs::write(outside.join(secret.0), secret.1).unwrap();
        Self { _temporary: temporary, image, secret, inside, outside }
    }

    pub(crate) fn session(&self, mount: Mount) -> Session {
        jar(self.image).with_grants(Grants::default().mount(mount)).session().unwrap()
    }

    pub(crate) fn rw(&self) -> Session {
        self.session(Mount::read_write(&self.inside, "/work/src"))
    }

    pub(crate) fn cow(&self) -> Session {
        self.session(Mount::copy_on_write(&self.inside, "/work/src"))
    }

    /// A session with each kind of mount.
    pub(crate) fn all(&self) -> [Session; 3] {
        [self.session(Mount::read_only(&self.inside, "/work/src")), self.rw(), self.cow()]
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.inside.join(path)).unwrap()
    }

    /// Does this while the directory `swap` inside is swapped all the time for a link to what lies outside. It may fail.
    pub(crate) fn while_swapped(&self, act: impl FnOnce()) {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let _at_the_end = SetOnDrop(&over);
            scope.spawn(|| {
                let (swap, away) = (self.inside.join("swap"), self.inside.join("away"));
                while !over.load(Ordering::Relaxed) {
                    fs::rename(&swap, &away).unwrap();
                    symlink(&self.outside, &swap).unwrap();
                    fs::remove_file(&swap).unwrap();
                    fs::rename(&away, &swap).unwrap();
                }
            });
            act();
        });
    }

    /// Nothing but the secret lies outside, and it is as it was.
    #[track_caller]
    pub(crate) fn outside_is_untouched(&self) {
        assert_eq!(fs::read_dir(&self.outside).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(self.outside.join(self.secret.0)).unwrap(), self.secret.1);
    }
}

/// Also where an assertion fails: who waits for another thread must have told it to end.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
