//! Sessions whose directories another process has, as far as they can tell: all that is asked and told is written and read again.

use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::Sender;

use super::super::*;
use crate::error::Result;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::host::elsewhere::Elsewhere;
use crate::host::meter::Meter;
use crate::host::operations::{Failure, Field, Kind, Supply};
use crate::mount::Mount;

thread_local! {
    static ELSEWHERE: Cell<bool> = const { Cell::new(false) };
}

/// As long as this is there, sessions of this thread have their directories elsewhere.
pub(super) struct Directories;

pub(super) fn has_directories_elsewhere() -> Directories {
    ELSEWHERE.set(true);
    Directories
}

impl Drop for Directories {
    fn drop(&mut self) {
        ELSEWHERE.set(false);
    }
}

/// Runs tests once more, of sessions that have their directories elsewhere.
pub(super) fn elsewhere_too(tests: &[fn()]) {
    let _elsewhere = has_directories_elsewhere();
    tests.iter().for_each(|test| test());
}

/// What serves the directories of a session, if they are elsewhere.
pub(super) fn near(mounts: &[Mount], limits: &Limits) -> Result<Option<Arc<Near>>> {
    if !ELSEWHERE.get() {
        return Ok(None);
    }
    let files = ServedFiles::open(mounts, limits, &Audit::default())?;
    let grants = mounts.iter().cloned().fold(Grants::default(), Grants::mount);
    Ok(Some(Arc::new(Near { grants, served: Mutex::new((files, Meter::new(limits))) })))
}

/// The process that has them.
#[derive(Debug)]
pub(super) struct Near {
    grants: Grants,
    served: Mutex<(ServedFiles, Meter)>,
}

impl Near {
    /// What the embedding program does with the files of a session: they are handed over for that, and taken back.
    pub(super) fn act<T>(
        self: &Arc<Self>,
        files: &mut Files,
        limits: &Limits,
        act: impl FnOnce(&mut Files) -> T,
    ) -> T {
        let bytes = files.hand_over(&self.grants).unwrap();
        let mut here = Files::handed_over(&bytes, limits, &files.pack, &self.grants).unwrap();
        let done = act(&mut here);
        let bytes = here.hand_over(&self.grants).unwrap();
        let elsewhere: Arc<dyn Elsewhere> = Arc::<Self>::clone(self);
        files.take_back(&bytes, limits, &self.grants, Some(&elsewhere)).unwrap();
        done
    }
}

impl Elsewhere for Near {
    fn file(&self, ask: FileAsk) -> (FileReply, Option<OwnedFd>) {
        let written = postcard::to_stdvec(&ask).unwrap();
        let (files, meter) = &mut *self.served.lock().unwrap();
        let (reply, descriptor) = files.serve(meter, postcard::from_bytes(&written).unwrap());
        let written = postcard::to_stdvec(&reply).unwrap();
        (postcard::from_bytes(&written).unwrap(), descriptor)
    }

    fn begin(&self, _: Kind, _: &[u8], _: Sender<Field>) -> Option<Box<dyn Supply>> {
        None
    }

    fn admit(&self, _: &[u8]) -> std::result::Result<String, (Failure, String)> {
        Err((Failure::Denied, "there are no tools".to_owned()))
    }

    fn placeholders(&self) -> Vec<String> {
        Vec::new()
    }
}
