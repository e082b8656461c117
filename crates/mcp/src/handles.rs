//! Sessions by handle. A handle cannot be guessed, and is worth nothing to anybody but the client that it was given to.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use belljar::{CancelToken, File, Jar, Session};
use tokio::sync::OwnedMutexGuard;

use crate::refusal::Refusal;

/// How many calls may wait for one session.
const WAITING_MAX: usize = 16;

/// How many sessions of runs that are over are kept for one client, because the runs left files.
const FINISHED_MAX: usize = 4;

/// As how many clients all those count together of whom nothing is known: whoever reaches a server without tokens can come as often as he likes.
const STRANGERS: usize = 4;

/// Whose sessions they are: whoever is at the other end of a pipe, or holds one token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner(Arc<str>);

impl Owner {
    pub(crate) fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Whoever is not told from others.
    pub(crate) fn nobody() -> Self {
        Self::new("nobody")
    }

    /// Whether he is the only one of that name. What is told by a list alone is told to nobody else.
    pub(crate) fn is_one(&self) -> bool {
        &*self.0 != "nobody"
    }

    /// Who has one session of the transport, and nothing else to be known by.
    pub(crate) fn of_session(session: &str) -> Self {
        Self::new(format!("session {session}"))
    }

    /// Whether he is known by his session of the transport alone.
    pub(crate) fn is_of_session(&self) -> bool {
        self.0.starts_with("session ")
    }

    /// Whether anybody could be him.
    fn is_stranger(&self) -> bool {
        self.is_of_session() || !self.is_one()
    }

    /// Whether he holds a token.
    pub(crate) fn is_of_token(&self) -> bool {
        self.0.starts_with("token ")
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

/// A session that a client knows by its handle.
pub(crate) struct Kept {
    pub(crate) handle: Box<str>,
    /// What the session is made from, and made anew from.
    pub(crate) jar: Jar,
    owner: Owner,
    /// Whether its only run is over, and it is there for the files that the run left.
    is_finished: bool,
    session: Arc<tokio::sync::Mutex<Arc<Session>>>,
    waiting: AtomicUsize,
    is_closed: AtomicBool,
    seen: Mutex<Seen>,
}

/// What is known of a session without asking it.
struct Seen {
    used: Instant,
    runs: u64,
    files: Vec<File>,
    running: Option<CancelToken>,
}

/// All sessions of a server.
pub(crate) struct Handles {
    sessions_max: usize,
    idle: Duration,
    kept: Mutex<HashMap<Box<str>, Arc<Kept>>>,
}

impl Handles {
    pub(crate) fn new(sessions_max: usize, idle: Duration) -> Self {
        Self { sessions_max, idle, kept: Mutex::default() }
    }

    /// Refuses when `owner` has as many sessions as a client may have, `more` counted.
    pub(crate) fn check_room(&self, owner: &Owner, more: usize) -> Result<(), Refusal> {
        let kept = self.lock();
        let live = kept.values().filter(|one| one.owner == *owner && !one.is_finished).count();
        if live + more > self.sessions_max {
            let message = format!("{live} sessions are open, and there can be {}", self.sessions_max);
            return Err(Refusal::new(message, "close one with session_close; session_list lists them"));
        }
        let live = kept.values().filter(|one| one.owner.is_stranger() && !one.is_finished).count();
        let most = self.sessions_max.saturating_mul(STRANGERS);
        if owner.is_stranger() && live + more > most {
            let message = format!("clients without a token have {live} sessions, and there can be {most}");
            return Err(Refusal::new(message, "try again later, when others have closed some"));
        }
        Ok(())
    }

    /// Keeps a session, under a new handle.
    pub(crate) fn keep(&self, owner: &Owner, jar: Jar, session: Session) -> Result<Arc<Kept>, Refusal> {
        self.check_room(owner, 1)?;
        Ok(self.insert(owner, jar, session, false))
    }

    /// Keeps the session of a run that is over, for a while, because of its files.
    pub(crate) fn keep_finished(&self, owner: &Owner, jar: Jar, session: Session) -> Arc<Kept> {
        let kept = self.insert(owner, jar, session, true);
        let mut all = self.lock();
        forget_oldest(&mut all, FINISHED_MAX, |one| one.owner == *owner);
        forget_oldest(&mut all, FINISHED_MAX * STRANGERS, |one| one.owner.is_stranger());
        kept
    }

    fn insert(&self, owner: &Owner, jar: Jar, session: Session, is_finished: bool) -> Arc<Kept> {
        let seen = Seen { used: Instant::now(), runs: 0, files: Vec::new(), running: None };
        let kept = Arc::new(Kept {
            handle: new_handle(),
            jar,
            owner: owner.clone(),
            is_finished,
            session: Arc::new(tokio::sync::Mutex::new(Arc::new(session))),
            waiting: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            seen: Mutex::new(seen),
        });
        self.lock().insert(kept.handle.clone(), Arc::clone(&kept));
        kept
    }

    /// The session of that handle, if it is this owner's. Nobody learns whether a handle is another's.
    pub(crate) fn find(&self, owner: &Owner, handle: &str) -> Result<Arc<Kept>, Refusal> {
        let kept = self.lock().get(handle).filter(|one| one.owner == *owner).cloned();
        kept.ok_or_else(|| {
            let message = format!("there is no session {:?}", shortened(handle));
            let minutes = self.idle.as_secs() / 60;
            Refusal::new(message, format!("it was closed, or not used for {minutes} minutes, or never was: make one with session_create"))
        })
    }

    /// Forgets a session, and stops what runs in it.
    pub(crate) fn close(&self, owner: &Owner, handle: &str) -> Result<(), Refusal> {
        let kept = self.find(owner, handle)?;
        self.lock().remove(handle);
        kept.is_closed.store(true, Ordering::SeqCst);
        if let Some(running) = &kept.seen().running {
            running.cancel();
        }
        Ok(())
    }

    /// Forgets all sessions of an owner who has gone.
    pub(crate) fn close_all(&self, owner: &Owner) {
        let theirs: Vec<_> = self.of(owner).into_iter().map(|kept| kept.handle.clone()).collect();
        for handle in theirs {
            // Whoever closed it meanwhile has done the same.
            let _ = self.close(owner, &handle);
        }
    }

    /// The sessions of an owner, in the order of their handles; none of one who is not told from others.
    pub(crate) fn of(&self, owner: &Owner) -> Vec<Arc<Kept>> {
        let theirs = |one: &&Arc<Kept>| one.owner == *owner && owner.is_one();
        let mut kept: Vec<_> = self.lock().values().filter(theirs).cloned().collect();
        kept.sort_by(|one, other| one.handle.cmp(&other.handle));
        kept
    }

    /// The table, without what nobody has used for too long.
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Kept>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, one| one.session.try_lock().is_err() || one.seen().used.elapsed() < self.idle);
        kept
    }
}

/// Leaves no more than `most` of those sessions whose run is over, the last ones.
fn forget_oldest(all: &mut HashMap<Box<str>, Arc<Kept>>, most: usize, is_one: impl Fn(&Kept) -> bool) {
    let mut finished: Vec<_> = all.values().filter(|one| one.is_finished && is_one(one)).cloned().collect();
    finished.sort_by_key(|one| one.seen().used);
    for old in finished.iter().rev().skip(most) {
        all.remove(&old.handle);
    }
}

impl Kept {
    /// The session, once those that came first have done with it.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, Refusal> {
        let place = Waiting::begin(self)?;
        let session = Arc::clone(&self.session).lock_owned().await;
        drop(place);
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(Refusal::new(
                "the session was closed meanwhile",
                "make a new one with session_create",
            ));
        }
        self.seen().used = Instant::now();
        Ok(Lease { kept: Arc::clone(self), session })
    }

    /// What its last run left in `/output`.
    pub(crate) fn files(&self) -> Vec<File> {
        self.seen().files.clone()
    }

    /// How many runs it has had.
    pub(crate) fn runs(&self) -> u64 {
        self.seen().runs
    }

    /// Whether something runs in it.
    pub(crate) fn is_busy(&self) -> bool {
        self.seen().running.is_some()
    }

    /// How long nobody has used it.
    pub(crate) fn idle(&self) -> Duration {
        self.seen().used.elapsed()
    }

    /// Whether it is there for its files alone.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Notes what a run left.
    pub(crate) fn left(&self, files: &[File]) {
        let mut seen = self.seen();
        (seen.used, seen.running) = (Instant::now(), None);
        seen.runs += 1;
        seen.files = files.to_vec();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session that nobody else uses meanwhile.
pub(crate) struct Lease {
    kept: Arc<Kept>,
    session: OwnedMutexGuard<Arc<Session>>,
}

impl Lease {
    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// Something is about to run that `token` stops.
    pub(crate) fn runs(&self, token: &CancelToken) {
        self.kept.seen().running = Some(token.clone());
        // Whoever closed it before this line found nothing to stop.
        if self.kept.is_closed.load(Ordering::SeqCst) {
            token.cancel();
        }
    }

    /// Puts another session in its place.
    pub(crate) fn replace(&mut self, session: Session) {
        *self.session = Arc::new(session);
        self.kept.seen().files = Vec::new();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut seen = self.kept.seen();
        (seen.used, seen.running) = (Instant::now(), None);
    }
}

/// A call that waits for a session.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(kept: &'a Kept) -> Result<Self, Refusal> {
        let place = Self(&kept.waiting);
        if place.0.fetch_add(1, Ordering::SeqCst) >= WAITING_MAX {
            let message = format!("{WAITING_MAX} calls wait for this session already");
            return Err(Refusal::new(message, "wait for their results, or fork the session"));
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// 128 bits of the system's randomness, which once it is there is never lacking: only a signal makes a call give less.
pub(crate) fn new_handle() -> Box<str> {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        let more = rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty());
        filled += more.unwrap_or(0);
    }
    hex::encode(bytes).into()
}

/// What a stranger sent, short enough to be said back.
fn shortened(text: &str) -> &str {
    let end = text.char_indices().nth(64).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles").field("sessions_max", &self.sessions_max).finish_non_exhaustive()
    }
}
