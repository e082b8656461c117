//! Runs and sessions in workers, as whoever asked for them sees them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use super::asked::{Asked, Last};
use super::board::{Board, Place, Want};
use super::form::KnownJar;
use super::frame::{Call, Reply};
use super::idle::{Idle, LastUsed, Resting};
use super::ran::outcome_of;
use super::seated::{ANSWER_BYTES_MAX, Seated, resumed, seated};
use super::served::Served;
use super::services;
use super::waiting::{Asking, ask, foreign};
use crate::admit::Plan;
use crate::blocking::block_on;
use crate::error::{Error, Result};
use crate::host::audit::Audit;
use crate::host::without;
use crate::limits::{Limits, MIB};
use crate::outcome::{DirectoryEntry, Ended, Outcome, SessionState};

/// The longest file of the host that is read whole.
const READ_BYTES_MAX: u64 = 64 * MIB;

/// A session that lives in a worker, or at rest here.
pub(crate) struct RemoteSession(Arc<Remote>);

struct Remote {
    jar: Arc<KnownJar>,
    board: Arc<Board>,
    whole: Mutex<Whole>,
    used: LastUsed,
    /// The worker in which it lives; 0 for none.
    lives_in: AtomicU64,
    resting: Resting,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.board.idle.forget(&self.used);
    }
}

impl Idle for Remote {
    fn used(&self) -> &LastUsed {
        &self.used
    }

    fn worker(&self) -> Option<u64> {
        match self.lives_in.load(Ordering::Relaxed) {
            0 => None,
            worker => Some(worker),
        }
    }

    fn rest(self: Arc<Self>) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(async move {
            let session = RemoteSession(self);
            // Counted before it is locked, and longer than it is.
            let _resting = session.0.resting.begin();
            let Ok(mut whole) = session.lock() else { return false };
            if !matches!(&whole.state, State::Seated(seated) if !seated.has_ended) {
                return false;
            }
            let name = whole.served.session().to_owned();
            match session.packed(&mut whole, &name).await {
                Ok(body) => {
                    session.settle(&mut whole, State::Packed(body));
                    true
                }
                Err(_) => false,
            }
        })
    }
}

struct Whole {
    state: State,
    /// What it is served with, wherever it lives.
    served: Served,
    /// Its files, as they were shown to the embedding program since its last run.
    reviewed: Option<Arc<[u8]>>,
}

enum State {
    /// It lives in a worker.
    Seated(Box<Seated>),
    /// It rests here, packed: any worker can go on with it.
    Packed(Arc<[u8]>),
    /// The worker died in which it lived, and nothing of it is left: what that is called in the log, if it was not ended.
    Lost(Option<String>),
}

/// In how many workers it is tried to wake a session, one after the other, when they die: it may be the session that ends them.
const WAKINGS_MAX: u32 = 3;

impl RemoteSession {
    /// Begins a session.
    pub(crate) async fn start(board: &Arc<Board>, jar: &Arc<KnownJar>, audit: &Audit) -> Result<Self> {
        let mut served = jar.serve(audit, None);
        served.open()?;
        let start = |jar, session| Call::Start { jar, session };
        match seated(board, jar, &mut served, start).await? {
            (seated, Reply::Nothing) => Ok(Self::of(board, jar, State::Seated(Box::new(seated)), served)),
            (seated, _) => Err(foreign(&seated.seat.worker)),
        }
    }

    /// Goes on from a packed session that was served with `state`, and says what that was called.
    pub(crate) async fn resume(
        board: &Arc<Board>,
        (jar, audit): (&Arc<KnownJar>, &Audit),
        body: &[u8],
        state: Option<services::serving::State>,
    ) -> Result<(Self, String)> {
        let mut served = jar.serve(audit, state);
        served.open()?;
        match resumed(board, jar, &mut served, body).await? {
            (seated, Reply::Bytes(name)) => {
                let name = String::from_utf8_lossy(&name);
                let name = name.chars().filter(char::is_ascii_hexdigit).take(32).collect();
                Ok((Self::of(board, jar, State::Seated(Box::new(seated)), served), name))
            }
            (seated, _) => Err(foreign(&seated.seat.worker)),
        }
    }

    fn of(board: &Arc<Board>, jar: &Arc<KnownJar>, state: State, served: Served) -> Self {
        let (jar, board) = (Arc::clone(jar), Arc::clone(board));
        let (used, lives_in) = (LastUsed::default(), AtomicU64::new(0));
        let whole = Mutex::new(Whole { state: State::Lost(None), served, reviewed: None });
        let remote = Remote { jar, board, whole, used, lives_in, resting: Resting::default() };
        let session = Self(Arc::new(remote));
        // Nobody else has it yet.
        if let Ok(mut whole) = session.lock() {
            session.settle(&mut whole, state);
        }
        session
    }

    /// From now on it lives, or rests, there.
    fn settle(&self, whole: &mut Whole, state: State) {
        let lives_in = match &state {
            State::Seated(seated) => seated.seat.worker.number,
            State::Packed(_) | State::Lost(_) => 0,
        };
        self.0.lives_in.store(lives_in, Ordering::Relaxed);
        whole.state = state;
        match lives_in {
            0 => self.0.board.idle.forget(&self.0.used),
            _ => self.0.board.idle.touch(&self.0),
        }
    }

    /// Runs code to its end.
    pub(crate) async fn run(&self, plan: Plan, last: Last, name: &str) -> Result<Outcome> {
        let mut whole = self.locked().await?;
        let (place, session) = self.wake(&mut whole).await?;
        let Whole { state, served, reviewed } = &mut *whole;
        *reviewed = None;
        let place = Arc::new(place);
        let worker = Arc::clone(&place.worker);
        let answers = plan.answers.clone();
        let (mut asked, own) = Asked::of(plan, &self.0.jar.limits);
        asked.has_sink |= served.secrets().is_some();
        let what = Call::Run { session, asked: Box::new(asked), is_last: last == Last::Yes };
        let held = Box::new(Arc::clone(&place));
        let asking = Asking { worker: &worker, held, what, session, served };
        let mut outcome = outcome_of(&self.0.jar, asking, own).await?;
        if let (Some(answers), Some(services)) = (answers, served.begun()) {
            services.answered(&answers);
        }
        if worker.is_dead() || outcome.ended == Ended::Crashed && worker.is_doomed() {
            outcome.session = survive(state);
        } else if outcome.session == SessionState::Closed {
            if let State::Seated(seated) = state {
                seated.has_ended = true;
            }
        } else if self.0.board.settings.keeps_checkpoints && !self.save(&mut whole, place, name).await {
            outcome.session = survive(&mut whole.state);
        }
        drop(whole);
        self.0.board.idle.touch(&self.0);
        self.0.board.relieve(&worker).await;
        Ok(outcome)
    }

    /// Keeps what the session is after a run, in the place and the worker of that run: anywhere else it would be what it was before. If it cannot be packed, what was
    /// kept before is as good as nothing. Whether its worker is still there.
    async fn save(&self, whole: &mut Whole, place: Arc<Place>, name: &str) -> bool {
        let Whole { state: State::Seated(seated), served, .. } = whole else { return true };
        let (worker, session, name) = (Arc::clone(&place.worker), seated.session, name.to_owned());
        let what = Call::Pack { session, name };
        let asking = Asking { worker: &worker, held: Box::new(place), what, session, served };
        match ask(asking, self.packed_bytes_max()).await {
            Ok(Ok(Reply::Bytes(body))) => seated.saved = Some(body.into()),
            Ok(Ok(_)) => {
                foreign(&worker);
                return false;
            }
            Err(Error::WorkerLost { .. } | Error::WorkersStopped) => return false,
            Ok(Err(_)) | Err(_) => seated.saved = None,
        }
        true
    }

    /// A place in the worker in which the session lives, from now on if it rested.
    async fn wake(&self, whole: &mut Whole) -> Result<(Place, u64)> {
        let mut wakings = 1;
        loop {
            let Whole { state, served, .. } = &mut *whole;
            match state {
                State::Seated(seated) if seated.seat.worker.is_dead() => {
                    survive(state);
                }
                State::Seated(seated) => {
                    let want = Want { on: Some(seated.seat.worker.number), ..self.0.jar.want(false) };
                    match self.0.board.place(want, &self.0.jar.image).await {
                        Ok(place) => return Ok((place, seated.session)),
                        // It died while we waited.
                        Err(_) if seated.seat.worker.is_dead() => {}
                        Err(error) => return Err(error),
                    }
                }
                State::Packed(body) => {
                    let body = Arc::clone(body);
                    match resumed(&self.0.board, &self.0.jar, served, &body).await {
                        Ok((mut seated, _)) => {
                            seated.saved = self.0.board.settings.keeps_checkpoints.then_some(body);
                            self.settle(whole, State::Seated(Box::new(seated)));
                        }
                        // That worker died. The session still rests here, and another one can go on with it.
                        Err(Error::WorkerLost { .. }) if wakings < WAKINGS_MAX => wakings += 1,
                        Err(error) => return Err(error),
                    }
                }
                State::Lost(Some(fault)) => return Err(Error::WorkerLost { fault: fault.clone() }),
                State::Lost(None) => return Err(Error::WorkersStopped),
            }
        }
    }

    /// Asks the worker something about the session.
    async fn ask(&self, whole: &mut Whole, what: impl FnOnce(u64) -> Call, most: u64) -> Result<Reply> {
        let (place, session) = self.wake(whole).await?;
        let worker = Arc::clone(&place.worker);
        let what = what(session);
        let served = &mut whole.served;
        let asking = Asking { worker: &worker, held: Box::new(place), what, session, served };
        let answer = ask(asking, most).await?;
        answer.map_err(|refusal| refusal.into_error(self.0.jar.sessions_max()))
    }

    /// The same, where the answer is bytes.
    async fn ask_bytes(&self, what: impl FnOnce(u64) -> Call, most: u64) -> Result<Vec<u8>> {
        let mut whole = self.locked().await?;
        match self.ask(&mut whole, what, most).await? {
            Reply::Bytes(bytes) => Ok(bytes),
            _ => Err(foreign_to(&whole)),
        }
    }

    /// Candidates for what is being typed, and where it begins.
    pub(crate) async fn complete(&self, code: &str, cursor: usize) -> Result<(usize, Vec<String>)> {
        let (code, at) = (code.to_owned(), cursor as u64);
        let mut whole = self.locked().await?;
        let what = |session| Call::Complete { session, code, cursor: at };
        match self.ask(&mut whole, what, ANSWER_BYTES_MAX).await? {
            Reply::Completions { start, candidates } => {
                Ok((usize::try_from(start).unwrap_or(usize::MAX).min(cursor), candidates))
            }
            _ => Err(foreign_to(&whole)),
        }
    }

    /// What the engine says of code: 1 for complete, 2 for incomplete, 3 for wrong.
    pub(crate) async fn check(&self, code: &str) -> Result<u8> {
        let code = code.to_owned();
        let mut whole = self.locked().await?;
        match self.ask(&mut whole, |session| Call::Check { session, code }, ANSWER_BYTES_MAX).await? {
            Reply::Completeness(number) => Ok(number),
            _ => Err(foreign_to(&whole)),
        }
    }

    pub(crate) fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let path = path.to_owned();
        // A file may lie in a mount, and is read whole.
        let most = self.limits().files_bytes.max(READ_BYTES_MAX) + ANSWER_BYTES_MAX;
        let content = block_on(self.ask_bytes(|session| Call::ReadFile { session, path }, most))?;
        self.without_secrets(content)
    }

    pub(crate) fn write_file(&self, path: &str, content: &[u8]) -> Result<()> {
        let (path, content) = (path.to_owned(), content.to_vec());
        block_on(async {
            let mut whole = self.locked().await?;
            let what = |session| Call::WriteFile { session, path, content };
            match self.ask(&mut whole, what, ANSWER_BYTES_MAX).await? {
                Reply::Nothing => Ok(()),
                _ => Err(foreign_to(&whole)),
            }
        })
    }

    pub(crate) fn list_files(&self, path: &str) -> Result<Vec<DirectoryEntry>> {
        let path = path.to_owned();
        block_on(async {
            let mut whole = self.locked().await?;
            match self.ask(&mut whole, |session| Call::ListFiles { session, path }, ANSWER_BYTES_MAX).await? {
                Reply::Entries(entries) => Ok(entries),
                _ => Err(foreign_to(&whole)),
            }
        })
    }

    /// The session as a body for a snapshot. `name` is what it is called.
    pub(crate) fn pack(&self, name: &str) -> Result<Arc<[u8]>> {
        block_on(async {
            let mut whole = self.locked().await?;
            self.packed(&mut whole, name).await
        })
    }

    async fn packed(&self, whole: &mut Whole, name: &str) -> Result<Arc<[u8]>> {
        if let State::Packed(body) = &whole.state {
            return Ok(Arc::clone(body));
        }
        let (name, most) = (name.to_owned(), self.packed_bytes_max());
        match self.ask(whole, |session| Call::Pack { session, name }, most).await? {
            Reply::Bytes(body) => Ok(body.into()),
            _ => Err(foreign_to(whole)),
        }
    }

    /// Lets the session rest here as it is, and gives its seat to others.
    pub(crate) fn hibernate(&self, name: &str) -> Result<()> {
        block_on(async {
            let mut whole = self.locked().await?;
            let body = self.packed(&mut whole, name).await?;
            self.settle(&mut whole, State::Packed(body));
            Ok(())
        })
    }

    /// Hands the session's files over to `act`, which gives them back if it changed them. What was handed over stays here until the session goes on: what is
    /// applied is what was shown.
    pub(crate) fn review<T>(&self, act: impl FnOnce(&[u8]) -> Result<(T, Option<Vec<u8>>)>) -> Result<T> {
        block_on(async {
            let mut whole = self.locked().await?;
            let most = self.limits().files_bytes + ANSWER_BYTES_MAX;
            let files = match whole.reviewed.take() {
                Some(files) => files,
                None => match self.ask(&mut whole, |session| Call::HandOver { session }, most).await? {
                    Reply::Bytes(files) => files.into(),
                    _ => return Err(foreign_to(&whole)),
                },
            };
            let (done, changed) = act(&files)?;
            let Some(changed) = changed else {
                whole.reviewed = Some(files);
                return Ok(done);
            };
            whole.reviewed = Some(changed.as_slice().into());
            match self.ask(&mut whole, |session| Call::TakeBack { session, files: changed }, most).await? {
                Reply::Nothing => Ok(done),
                _ => Err(foreign_to(&whole)),
            }
        })
    }

    /// Checks that what a packed session says of its grants is so.
    ///
    /// # Errors
    ///
    /// [`Error::WorkerLost`] when it is not: its worker has fallen.
    pub(crate) fn vouch(&self, claimed: &services::serving::State) -> Result<()> {
        let mut whole = self.lock()?;
        let checked = whole.served.begun().map_or(Ok(()), |services| services.check_state(claimed));
        let Err(nonsense) = checked else { return Ok(()) };
        let State::Seated(seated) = &whole.state else { return Err(Error::Closed) };
        seated.seat.worker.doom(nonsense.to_string());
        Err(seated.seat.worker.lost())
    }

    /// `count` sessions that go on from here.
    pub(crate) fn fork(&self, count: usize) -> Result<Vec<RemoteFork>> {
        block_on(async {
            let mut whole = self.locked().await?;
            let (place, session) = self.wake(&mut whole).await?;
            let worker = Arc::clone(&place.worker);
            let (count, first) = (count as u64, worker.number_sessions(count as u64));
            let Whole { state: State::Seated(seated), served, .. } = &mut *whole else {
                return Err(Error::Closed);
            };
            let fork =
                |session| Seated { session, seat: seated.seat.another(), saved: None, has_ended: false };
            // They are here before they are there: whatever happens, they are dropped there as well.
            let forks: Vec<Seated> = (first..first + count).map(fork).collect();
            let state = served.state();
            let what = Call::Fork { session, first, count };
            let asking = Asking { worker: &worker, held: Box::new(place), what, session, served };
            match ask(asking, ANSWER_BYTES_MAX)
                .await?
                .map_err(|no| no.into_error(self.0.jar.sessions_max()))?
            {
                Reply::Nothing => {}
                _ => return Err(foreign(&worker)),
            }
            let of = |seated| {
                let (board, jar) = (Arc::clone(&self.0.board), Arc::clone(&self.0.jar));
                RemoteFork { board, jar, seated, state: state.clone() }
            };
            Ok(forks.into_iter().map(of).collect())
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_ok_and(|whole| match &whole.state {
            State::Seated(seated) => {
                seated.has_ended || seated.seat.worker.is_dead() && seated.saved.is_none()
            }
            State::Packed(_) => false,
            State::Lost(_) => true,
        })
    }

    /// What the worker read, without secrets that it does not know.
    fn without_secrets(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        Ok(without(block_on(self.locked())?.served.secrets(), bytes))
    }

    fn limits(&self) -> &Limits {
        &self.0.jar.limits
    }

    fn packed_bytes_max(&self) -> u64 {
        let limits = self.limits();
        limits.memory_bytes + limits.files_bytes + ANSWER_BYTES_MAX
    }

    /// The session, for whoever uses it. While it is laid to rest, of which he knows nothing, he waits.
    async fn locked(&self) -> Result<MutexGuard<'_, Whole>> {
        if let Ok(whole) = self.lock() {
            return Ok(whole);
        }
        if self.0.resting.is_going_on() {
            return Ok(self.0.whole.lock().await);
        }
        // It may have come to rest between the two.
        self.lock()
    }

    fn lock(&self) -> Result<MutexGuard<'_, Whole>> {
        self.0.whole.try_lock().map_err(|_| Error::Busy)
    }
}

/// A fork that nobody has been told of yet.
pub(crate) struct RemoteFork {
    board: Arc<Board>,
    jar: Arc<KnownJar>,
    seated: Seated,
    state: Option<services::serving::State>,
}

impl RemoteFork {
    /// The session, whose doings `audit` is told.
    pub(crate) fn told_to(self, audit: &Audit) -> RemoteSession {
        let served = self.jar.serve(audit, self.state);
        RemoteSession::of(&self.board, &self.jar, State::Seated(Box::new(self.seated)), served)
    }
}

/// What becomes of a session whose worker is gone.
fn survive(state: &mut State) -> SessionState {
    let State::Seated(seated) = state else { return SessionState::Closed };
    let lost = seated.seat.worker.lost();
    match (seated.saved.take(), lost) {
        (Some(saved), _) => {
            *state = State::Packed(saved);
            return SessionState::RolledBack;
        }
        (None, Error::WorkerLost { fault }) => *state = State::Lost(Some(fault)),
        (None, _) => *state = State::Lost(None),
    }
    SessionState::Closed
}

fn foreign_to(whole: &Whole) -> Error {
    match &whole.state {
        State::Seated(seated) => foreign(&seated.seat.worker),
        _ => Error::Closed,
    }
}
