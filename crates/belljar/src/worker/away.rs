//! Runs and sessions in workers, as whoever asked for them sees them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::asked::{Asked, Own};
use super::board::{Board, Place, Seat, Want};
use super::form::KnownJar;
use super::frame::{Call, Down, Reply};
use super::waiting::{ask, foreign, run};
use crate::admit::Plan;
use crate::blocking::block_on;
use crate::error::{Error, Result};
use crate::host::stopwatch::monotonic;
use crate::limits::{Limits, MIB};
use crate::host::files::Selection;
use crate::outcome::{Applied, Ended, FileChange, GuestError, Outcome, SessionState, Usage};

/// Room for everything in an answer that has no limit of its own.
const ANSWER_BYTES_MAX: u64 = 64 * MIB;

/// A session that lives in a worker, or at rest here.
pub(crate) struct RemoteSession {
    jar: Arc<KnownJar>,
    board: Arc<Board>,
    state: Mutex<State>,
}

enum State {
    /// It lives in a worker.
    Seated(Box<Seated>),
    /// It rests here, packed: any worker can go on with it.
    Packed(Arc<[u8]>),
    /// The worker died in which it lived, and nothing of it is left.
    Lost(String),
}

/// Where a session lives. It ends there when this is dropped.
struct Seated {
    session: u64,
    seat: Seat,
    /// What it was after its last run, where that is kept.
    saved: Option<Arc<[u8]>>,
    /// Whether the worker keeps its files alone, since it has ended.
    has_ended: bool,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seat.worker.tell(&Down::Drop { session: self.session });
    }
}

/// Runs code in a session of its own.
///
/// # Errors
///
/// When it was not run.
pub(crate) async fn run_once(board: &Arc<Board>, jar: &Arc<KnownJar>, plan: Plan) -> Result<Outcome> {
    let place = board.place(jar.want(false), &jar.image).await?;
    let worker = Arc::clone(&place.worker);
    worker.know(jar.number, &jar.form)?;
    let (asked, own) = Asked::of(plan, &jar.form.limits);
    let what = Call::Once { jar: jar.number, asked: Box::new(asked) };
    outcome_of(jar, place, what, own).await
}

/// Runs code, and makes the outcome of what the worker says of it, or of its end.
async fn outcome_of(jar: &KnownJar, place: Place, what: Call, own: Own) -> Result<Outcome> {
    let worker = Arc::clone(&place.worker);
    let limits = own.limits.clone();
    let began = monotonic();
    let answer = match run(&worker, Box::new(place), what, own).await {
        Err(Error::WorkerLost { fault }) => return Ok(crashed(&fault, monotonic() - began)),
        answer => answer?,
    };
    match answer.map_err(|refusal| refusal.into_error(jar.sessions_max()))? {
        Reply::Ran(claim) => match claim.into_outcome(&limits, monotonic() - began) {
            Ok(outcome) => Ok(outcome),
            Err(what) => {
                worker.doom(what.to_owned());
                match worker.lost() {
                    Error::WorkerLost { fault } => Ok(crashed(&fault, monotonic() - began)),
                    other => Err(other),
                }
            }
        },
        _ => Err(foreign(&worker)),
    }
}

/// The outcome of a run whose worker died.
fn crashed(fault: &str, wall: Duration) -> Outcome {
    let message = format!("the worker died in which this ran (fault {fault})");
    let (r#type, traceback) = ("WorkerDied".to_owned(), String::new());
    Outcome {
        ended: Ended::Crashed,
        stdout: Default::default(),
        stderr: Default::default(),
        output: Vec::new(),
        value: None,
        displays: Vec::new(),
        error: Some(GuestError { r#type, message, traceback, line: None }),
        exit_code: None,
        truncated: Default::default(),
        files: Vec::new(),
        changes: Vec::new(),
        pending: Vec::new(),
        session: SessionState::Closed,
        usage: Usage { wall_ms: wall.as_secs_f64() * 1000.0, ..Usage::default() },
    }
}

/// Whether a run is the last of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

impl RemoteSession {
    /// Begins a session.
    pub(crate) async fn start(board: &Arc<Board>, jar: &Arc<KnownJar>) -> Result<Self> {
        let start = |jar, session| Call::Start { jar, session };
        let (seated, reply) = seated(board, jar, start).await?;
        match reply {
            Reply::Nothing => Ok(Self::of(board, jar, State::Seated(Box::new(seated)))),
            _ => Err(foreign(&seated.seat.worker)),
        }
    }

    /// Goes on from a packed session, and says what that was called.
    pub(crate) async fn resume(board: &Arc<Board>, jar: &Arc<KnownJar>, body: &[u8]) -> Result<(Self, String)> {
        let (seated, reply) = resumed(board, jar, body).await?;
        match reply {
            Reply::Bytes(name) => {
                let name = String::from_utf8_lossy(&name);
                let name = name.chars().filter(char::is_ascii_hexdigit).take(32).collect();
                Ok((Self::of(board, jar, State::Seated(Box::new(seated))), name))
            }
            _ => Err(foreign(&seated.seat.worker)),
        }
    }

    fn of(board: &Arc<Board>, jar: &Arc<KnownJar>, state: State) -> Self {
        Self { jar: Arc::clone(jar), board: Arc::clone(board), state: Mutex::new(state) }
    }

    /// Runs code to its end.
    pub(crate) async fn run(&self, plan: Plan, last: Last, name: &str) -> Result<Outcome> {
        let mut state = self.lock()?;
        let (place, session) = self.wake(&mut state).await?;
        let worker = Arc::clone(&place.worker);
        let (asked, own) = Asked::of(plan, &self.jar.form.limits);
        let what = Call::Run { session, asked: Box::new(asked), is_last: last == Last::Yes };
        let mut outcome = outcome_of(&self.jar, place, what, own).await?;
        if worker.is_dead() || outcome.ended == Ended::Crashed && worker.is_doomed() {
            outcome.session = self.survive(&mut state);
        } else if outcome.session == SessionState::Closed {
            if let State::Seated(seated) = &mut *state {
                seated.has_ended = true;
            }
        } else if self.board.settings.keeps_checkpoints {
            self.save(&mut state, name).await;
        }
        Ok(outcome)
    }

    /// Keeps what the session is now. If it cannot be packed, what was kept before is as good as nothing.
    async fn save(&self, state: &mut State, name: &str) {
        let packed = self.packed(state, name).await;
        if let State::Seated(seated) = state {
            seated.saved = packed.ok();
        }
    }

    /// What becomes of the session now that its worker is gone.
    fn survive(&self, state: &mut State) -> SessionState {
        let State::Seated(seated) = state else { return SessionState::Closed };
        match seated.saved.take() {
            Some(saved) => {
                *state = State::Packed(saved);
                SessionState::RolledBack
            }
            None => {
                let lost = seated.seat.worker.lost();
                *state = State::Lost(match lost {
                    Error::WorkerLost { fault } => fault,
                    _ => String::new(),
                });
                SessionState::Closed
            }
        }
    }

    /// A place in the worker in which the session lives, from now on if it rested.
    async fn wake(&self, state: &mut State) -> Result<(Place, u64)> {
        if let State::Seated(seated) = state
            && seated.seat.worker.is_dead()
        {
            self.survive(state);
        }
        match state {
            State::Seated(seated) => {
                let want = Want { on: Some(seated.seat.worker.number), ..self.jar.want(false) };
                match self.board.place(want, &self.jar.image).await {
                    Ok(place) => Ok((place, seated.session)),
                    // It died while we waited.
                    Err(_) if seated.seat.worker.is_dead() && seated.saved.is_some() => {
                        self.survive(state);
                        Box::pin(self.wake(state)).await
                    }
                    Err(_) if seated.seat.worker.is_dead() => Err(seated.seat.worker.lost()),
                    Err(error) => Err(error),
                }
            }
            State::Packed(body) => {
                let body = Arc::clone(body);
                let (mut seated, _) = resumed(&self.board, &self.jar, &body).await?;
                seated.saved = self.board.settings.keeps_checkpoints.then_some(body);
                *state = State::Seated(Box::new(seated));
                Box::pin(self.wake(state)).await
            }
            State::Lost(fault) => Err(Error::WorkerLost { fault: fault.clone() }),
        }
    }

    /// Asks the worker something about the session.
    async fn ask(&self, state: &mut State, what: impl FnOnce(u64) -> Call, most: u64) -> Result<Reply> {
        let (place, session) = self.wake(state).await?;
        let worker = Arc::clone(&place.worker);
        let answer = ask(&worker, Box::new(place), what(session), most).await?;
        answer.map_err(|refusal| refusal.into_error(self.jar.sessions_max()))
    }

    /// The same, where the answer is bytes.
    async fn ask_bytes(&self, what: impl FnOnce(u64) -> Call, most: u64) -> Result<Vec<u8>> {
        let mut state = self.lock()?;
        match self.ask(&mut state, what, most).await? {
            Reply::Bytes(bytes) => Ok(bytes),
            _ => Err(self.foreign(&state)),
        }
    }

    /// Candidates for what is being typed, and where it begins.
    pub(crate) async fn complete(&self, code: &str, cursor: usize) -> Result<(usize, Vec<String>)> {
        let (code, at) = (code.to_owned(), cursor as u64);
        let mut state = self.lock()?;
        let what = |session| Call::Complete { session, code, cursor: at };
        match self.ask(&mut state, what, ANSWER_BYTES_MAX).await? {
            Reply::Completions { start, candidates } => {
                Ok((usize::try_from(start).unwrap_or(usize::MAX).min(cursor), candidates))
            }
            _ => Err(self.foreign(&state)),
        }
    }

    /// What the engine says of code: 1 for complete, 2 for incomplete, 3 for wrong.
    pub(crate) async fn check(&self, code: &str) -> Result<u8> {
        let code = code.to_owned();
        let mut state = self.lock()?;
        match self.ask(&mut state, |session| Call::Check { session, code }, ANSWER_BYTES_MAX).await? {
            Reply::Completeness(number) => Ok(number),
            _ => Err(self.foreign(&state)),
        }
    }

    pub(crate) fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let path = path.to_owned();
        let most = self.limits().files_bytes + ANSWER_BYTES_MAX;
        block_on(self.ask_bytes(|session| Call::ReadFile { session, path }, most))
    }

    pub(crate) fn changes(&self) -> Result<Vec<FileChange>> {
        block_on(async {
            let mut state = self.lock()?;
            let most = self.limits().files_bytes.min(1024 * MIB) + ANSWER_BYTES_MAX;
            match self.ask(&mut state, |session| Call::Changes { session }, most).await? {
                Reply::Changes(changes) => Ok(changes),
                _ => Err(self.foreign(&state)),
            }
        })
    }

    pub(crate) fn diff(&self, path: &str) -> Result<String> {
        let path = path.to_owned();
        let most = 2 * self.limits().files_bytes + ANSWER_BYTES_MAX;
        let diff = block_on(self.ask_bytes(|session| Call::Diff { session, path }, most))?;
        Ok(String::from_utf8_lossy(&diff).into_owned())
    }

    /// The session as a body for a snapshot. `name` is what it is called.
    pub(crate) fn pack(&self, name: &str) -> Result<Arc<[u8]>> {
        block_on(async {
            let mut state = self.lock()?;
            self.packed(&mut state, name).await
        })
    }

    async fn packed(&self, state: &mut State, name: &str) -> Result<Arc<[u8]>> {
        if let State::Packed(body) = state {
            return Ok(Arc::clone(body));
        }
        let limits = self.limits();
        let most = limits.memory_bytes + limits.files_bytes + ANSWER_BYTES_MAX;
        let name = name.to_owned();
        match self.ask(state, |session| Call::Pack { session, name }, most).await? {
            Reply::Bytes(body) => Ok(body.into()),
            _ => Err(self.foreign(state)),
        }
    }

    pub(crate) fn apply(&self, _: &Selection) -> Result<Applied> {
        Err(Error::Internal("not yet".to_owned()))
    }

    pub(crate) fn save_output(&self, _: &Path) -> Result<Applied> {
        Err(Error::Internal("not yet".to_owned()))
    }

    /// Lets the session rest here, and gives its seat to others.
    pub(crate) fn hibernate(&self, name: &str) -> Result<()> {
        block_on(async {
            let mut state = self.lock()?;
            let body = self.packed(&mut state, name).await?;
            *state = State::Packed(body);
            Ok(())
        })
    }

    /// `count` sessions that go on from here.
    pub(crate) fn fork(&self, count: usize) -> Result<Vec<Self>> {
        block_on(async {
            let mut state = self.lock()?;
            let (place, session) = self.wake(&mut state).await?;
            let worker = Arc::clone(&place.worker);
            let (count, first) = (count as u64, worker.number_sessions(count as u64));
            let State::Seated(seated) = &*state else { return Err(Error::Closed) };
            let fork = |number| Seated { session: number, seat: seated.seat.another(), saved: None, has_ended: false };
            // They are here before they are there: whatever happens, they are dropped there as well.
            let forks: Vec<Seated> = (first..first + count).map(fork).collect();
            let what = Call::Fork { session, first, count };
            let answer = ask(&worker, Box::new(place), what, ANSWER_BYTES_MAX).await?;
            match answer.map_err(|refusal| refusal.into_error(self.jar.sessions_max()))? {
                Reply::Nothing => {}
                _ => return Err(foreign(&worker)),
            }
            let of = |seated| Self::of(&self.board, &self.jar, State::Seated(Box::new(seated)));
            Ok(forks.into_iter().map(of).collect())
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_ok_and(|state| match &*state {
            State::Seated(seated) => {
                seated.has_ended || seated.seat.worker.is_dead() && seated.saved.is_none()
            }
            State::Packed(_) => false,
            State::Lost(_) => true,
        })
    }

    fn foreign(&self, state: &State) -> Error {
        match state {
            State::Seated(seated) => foreign(&seated.seat.worker),
            _ => Error::Closed,
        }
    }

    fn limits(&self) -> &Limits {
        &self.jar.form.limits
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>> {
        self.state.try_lock().map_err(|_| Error::Busy)
    }
}

/// A session that goes on in some worker from a body.
async fn resumed(board: &Arc<Board>, jar: &Arc<KnownJar>, body: &[u8]) -> Result<(Seated, Reply)> {
    seated(board, jar, |jar, session| Call::Resume { jar, session, body: body.to_vec() }).await
}

/// A session that begins in some worker as `how` says, given the jar's number and its own.
async fn seated(
    board: &Arc<Board>,
    jar: &Arc<KnownJar>,
    how: impl FnOnce(u64, u64) -> Call,
) -> Result<(Seated, Reply)> {
    let mut place = board.place(jar.want(true), &jar.image).await?;
    let worker = Arc::clone(&place.worker);
    worker.know(jar.number, &jar.form)?;
    let session = worker.number_sessions(1);
    let seat = place.take_seat().ok_or_else(|| Error::Internal("a place has no seat".to_owned()))?;
    let seated = Seated { session, seat, saved: None, has_ended: false };
    let answer = ask(&worker, Box::new(place), how(jar.number, session), ANSWER_BYTES_MAX).await?;
    let reply = answer.map_err(|refusal| refusal.into_error(jar.sessions_max()))?;
    Ok((seated, reply))
}
