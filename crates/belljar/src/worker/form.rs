//! A jar as workers know it: what of it goes into a worker, under a number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::board::{Board, Want};
use super::frame::{ImagePlace, JarForm};
use super::workers::Workers;
use crate::error::Result;

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

    /// What is known of the jar, which is what `form` says: how it is, its image, and whose code it runs.
    pub(crate) fn known(
        &self,
        form: impl FnOnce() -> Result<(JarForm, ImagePlace, Arc<str>)>,
    ) -> Result<Arc<KnownJar>> {
        if let Some(known) = self.known.get() {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(KnownJar::new(Arc::clone(self.board()), form()?));
        Ok(Arc::clone(self.known.get_or_init(|| known)))
    }
}

/// A jar whose code runs in workers. Workers that have heard of it forget it when it is dropped.
#[derive(Debug)]
pub(crate) struct KnownJar {
    pub(super) number: u64,
    pub(super) form: JarForm,
    pub(super) image: ImagePlace,
    /// Whose code it runs.
    pub(super) tenant: Arc<str>,
    board: Arc<Board>,
}

impl KnownJar {
    fn new(board: Arc<Board>, (form, image, tenant): (JarForm, ImagePlace, Arc<str>)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), form, image, tenant, board }
    }
}

impl KnownJar {
    /// Sees to it that there is a worker that can run it.
    pub(crate) async fn ready(&self, board: &Arc<Board>) -> Result<()> {
        board.ensure(&self.form.kind, &self.image).await
    }

    /// What a run of it asks for, and whether it begins a session.
    pub(super) fn want(&self, wants_seat: bool) -> Want {
        Want { tenant: Arc::clone(&self.tenant), kind: self.form.kind.clone(), on: None, wants_seat }
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
