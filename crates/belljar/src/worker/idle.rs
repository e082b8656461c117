//! Sessions that could give their seats to others, by when they were last used.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Something that can be laid to rest while nobody uses it.
pub(super) trait Idle: Send + Sync {
    /// When it was last used.
    fn used(&self) -> &LastUsed;

    /// The worker in which it lives, if it does.
    fn worker(&self) -> Option<u64>;

    /// Lays it to rest. Whether its seat is free then.
    fn rest(self: Arc<Self>) -> Pin<Box<dyn Future<Output = bool> + Send>>;
}

/// When something was last used, as a number that grows.
#[derive(Debug, Default)]
pub(super) struct LastUsed(AtomicU64);

/// By how many something is about to be laid to rest.
#[derive(Debug, Default)]
pub(super) struct Resting(AtomicU64);

/// One of them, until this is dropped.
pub(super) struct Rest<'a>(&'a Resting);

impl Resting {
    pub(super) fn begin(&self) -> Rest<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Rest(self)
    }

    pub(super) fn is_going_on(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct IdleSessions(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u64,
    by_use: BTreeMap<u64, Weak<dyn Idle>>,
}

impl IdleSessions {
    /// It is used now.
    pub(super) fn touch<T: Idle + 'static>(&self, session: &Arc<T>) {
        let mut table = self.lock();
        table.next += 1;
        let now = table.next;
        let before = session.used().0.swap(now, Ordering::Relaxed);
        table.by_use.remove(&before);
        let session: Weak<T> = Arc::downgrade(session);
        table.by_use.insert(now, session);
    }

    /// It is no more, or has no seat.
    pub(super) fn forget(&self, used: &LastUsed) {
        let before = used.0.swap(0, Ordering::Relaxed);
        self.lock().by_use.remove(&before);
    }

    /// Lays the one to rest that was not used for longest, of those that live in `worker` if one is named. Whether a seat is free now.
    pub(super) async fn rest_one(&self, worker: Option<u64>) -> bool {
        // Those that are in use are passed over.
        for session in self.oldest_first() {
            let Some(session) = session.upgrade() else { continue };
            let lives_there = match (worker, session.worker()) {
                (Some(wanted), Some(found)) => wanted == found,
                (None, found) => found.is_some(),
                (Some(_), None) => false,
            };
            if lives_there && session.rest().await {
                return true;
            }
        }
        false
    }

    fn oldest_first(&self) -> Vec<Weak<dyn Idle>> {
        self.lock().by_use.values().take(CANDIDATES_MAX).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many sessions are tried before it counts as if all were in use.
const CANDIDATES_MAX: usize = 1000;

impl std::fmt::Debug for IdleSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdleSessions").field("count", &self.lock().by_use.len()).finish_non_exhaustive()
    }
}
