//! A jar as workers know it: what of it goes into a worker, under a number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::board::{Board, Want};
use super::frame::{ImagePlace, JarForm, Kind, encode};
use super::served::Served;
use super::services::granted::Granted;
use super::services::serving::State;
use super::workers::Workers;
use crate::error::Result;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::limits::Limits;

/// Where a jar's code runs, and what is known of it there.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    workers: Workers,
    known: Arc<OnceLock<Arc<KnownJar>>>,
}

impl Remote {
    pub(crate) fn new(workers: &Workers) -> Self {
        Self { workers: workers.clone(), known: Arc::default() }
    }

    /// The same workers, which know nothing of the jar.
    pub(crate) fn anew(self) -> Self {
        Self { known: Arc::default(), ..self }
    }

    pub(crate) fn board(&self) -> &Arc<Board> {
        self.workers.board()
    }

    /// What is known of the jar, which is what `parts` says.
    pub(crate) fn known(&self, parts: impl FnOnce() -> JarParts) -> Arc<KnownJar> {
        let known = || Arc::new(KnownJar::new(Arc::clone(self.board()), parts()));
        Arc::clone(self.known.get_or_init(known))
    }
}

/// What a jar is made of.
pub(crate) struct JarParts {
    pub(crate) kind: Kind,
    pub(crate) limits: Arc<Limits>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) image: ImagePlace,
    /// Whose code it runs.
    pub(crate) tenant: Arc<str>,
}

/// A jar whose code runs in workers. Workers that have heard of it forget it when it is dropped.
#[derive(Debug)]
pub(crate) struct KnownJar {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) limits: Arc<Limits>,
    pub(super) grants: Arc<Grants>,
    /// What a worker is told of it.
    pub(super) form: Vec<u8>,
    pub(super) image: ImagePlace,
    /// Whose code it runs.
    pub(super) tenant: Arc<str>,
    board: Arc<Board>,
}

impl KnownJar {
    fn new(board: Arc<Board>, parts: JarParts) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let JarParts { kind, limits, grants, image, tenant } = parts;
        let form =
            JarForm { kind: kind.clone(), limits: Limits::clone(&limits), granted: Granted::of(&grants) };
        Self { number, kind, limits, grants, form: encode(&form), image, tenant, board }
    }
}

impl KnownJar {
    /// Sees to it that there is a worker that can run it.
    pub(crate) async fn ready(&self, board: &Arc<Board>) -> Result<()> {
        board.ensure(&self.kind, &self.image).await
    }

    /// What a run of it asks for, and whether it begins a session.
    pub(super) fn want(&self, wants_seat: bool) -> Want {
        Want { tenant: Arc::clone(&self.tenant), kind: self.kind.clone(), on: None, wants_seat }
    }

    /// What serves a session of it, which may go on from another.
    pub(super) fn serve(&self, audit: &Audit, state: Option<State>) -> Served {
        Served::new((&self.grants, &self.limits), audit, state)
    }

    pub(super) fn sessions_max(&self) -> u32 {
        self.board.settings.sessions_max
    }
}

impl Drop for KnownJar {
    fn drop(&mut self) {
        self.board.each(|worker| worker.forget(self.number));
    }
}
