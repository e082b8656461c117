//! Systems without a second ring: the same names as in `mod.rs`. No worker can be had, and whoever asks for one is told so; so there are no sessions in
//! workers either, which the types say.

#[path = "jail/mod.rs"]
pub(crate) mod jail;
#[path = "services/mod.rs"]
pub(crate) mod services;
mod settings;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use board::Board;
pub use workers::{WorkerProcess, Workers, WorkersBuilder};

use crate::admit::Plan;
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::limits::Limits;
use crate::outcome::{DirectoryEntry, Outcome};
use jail::Layers;
use services::serving::State;

impl Workers {
    /// Makes this process a worker if it was started as one, and then never returns. There are none on this system.
    pub fn serve_if_asked() {}
}

/// Why there is no worker.
fn none<T>() -> Result<T> {
    let missing = Layers::probe().missing().filter(|(layer, _)| layer.is_necessary()).collect();
    Err(Error::Jail { missing })
}

/// The workers of one [`Workers`]: none.
mod board {
    use std::sync::Arc;
    use std::time::Duration;

    use super::settings::Settings;

    #[derive(Debug)]
    pub(crate) struct Board;

    /// No worker.
    pub(in crate::worker) struct Worker {
        pub(in crate::worker) process: Process,
    }

    /// No process.
    pub(in crate::worker) enum Process {}

    impl Board {
        pub(in crate::worker) fn new(_: Settings) -> Arc<Self> {
            Arc::new(Self)
        }

        pub(in crate::worker) async fn drain(&self, _: Duration) {}

        pub(in crate::worker) fn stop(&self) {}

        pub(in crate::worker) fn seen(&self) -> Vec<(Arc<Worker>, u32, u32)> {
            Vec::new()
        }
    }

    impl Process {
        pub(in crate::worker) fn id(&self) -> u32 {
            match *self {}
        }

        pub(in crate::worker) fn resident_bytes(&self) -> u64 {
            match *self {}
        }
    }
}

/// What a worker would have to have mapped.
pub(crate) struct Kind {
    pub(crate) image: [u8; 32],
    pub(crate) counts_fuel: bool,
}

/// Where an image lies.
pub(crate) struct ImagePlace {
    pub(crate) name: String,
    pub(crate) shelf: PathBuf,
}

/// What a jar is made of.
pub(crate) struct JarParts {
    pub(crate) kind: Kind,
    pub(crate) limits: Arc<Limits>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) image: ImagePlace,
    pub(crate) tenant: Arc<str>,
}

/// Where a jar's code was to run. No jar keeps it, since none gets past [`KnownJar::ready`].
#[derive(Clone, Debug)]
pub(crate) struct Remote(Workers);

impl Remote {
    pub(crate) fn new(workers: &Workers) -> Self {
        Self(workers.clone())
    }

    pub(crate) fn anew(self) -> Self {
        self
    }

    pub(crate) fn board(&self) -> &Arc<Board> {
        self.0.board()
    }

    pub(crate) fn known(&self, _: impl FnOnce() -> JarParts) -> Arc<KnownJar> {
        Arc::new(KnownJar)
    }
}

/// A jar whose code was to run in workers.
#[derive(Debug)]
pub(crate) struct KnownJar;

impl KnownJar {
    pub(crate) async fn ready(&self, _: &Arc<Board>) -> Result<()> {
        none()
    }
}

pub(crate) async fn run_once(_: &Arc<Board>, _: (&Arc<KnownJar>, &Audit), _: Plan) -> Result<Outcome> {
    none()
}

/// Whether a run is the last of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// A session in a worker: there is none.
pub(crate) enum RemoteSession {}

impl RemoteSession {
    pub(crate) async fn start(_: &Arc<Board>, _: &Arc<KnownJar>, _: &Audit) -> Result<Self> {
        none()
    }

    pub(crate) async fn resume(
        _: &Arc<Board>,
        _: (&Arc<KnownJar>, &Audit),
        _: &[u8],
        _: Option<State>,
    ) -> Result<(Self, String)> {
        none()
    }

    pub(crate) async fn run(&self, _: Plan, _: Last, _: &str) -> Result<Outcome> {
        match *self {}
    }

    pub(crate) async fn complete(&self, _: &str, _: usize) -> Result<(usize, Vec<String>)> {
        match *self {}
    }

    pub(crate) async fn check(&self, _: &str) -> Result<u8> {
        match *self {}
    }

    pub(crate) fn read_file(&self, _: &str) -> Result<Vec<u8>> {
        match *self {}
    }

    pub(crate) fn write_file(&self, _: &str, _: &[u8]) -> Result<()> {
        match *self {}
    }

    pub(crate) fn list_files(&self, _: &str) -> Result<Vec<DirectoryEntry>> {
        match *self {}
    }

    pub(crate) fn pack(&self, _: &str) -> Result<Arc<[u8]>> {
        match *self {}
    }

    pub(crate) fn hibernate(&self, _: &str) -> Result<()> {
        match *self {}
    }

    pub(crate) fn review<T>(&self, _: impl FnOnce(&[u8]) -> Result<(T, Option<Vec<u8>>)>) -> Result<T> {
        match *self {}
    }

    pub(crate) fn vouch(&self, _: &State) -> Result<()> {
        match *self {}
    }

    pub(crate) fn fork(&self, _: usize) -> Result<Vec<RemoteFork>> {
        match *self {}
    }

    pub(crate) fn is_closed(&self) -> bool {
        match *self {}
    }
}

/// A fork of one.
pub(crate) enum RemoteFork {}

impl RemoteFork {
    pub(crate) fn told_to(self, _: &Audit) -> RemoteSession {
        match self {}
    }
}
