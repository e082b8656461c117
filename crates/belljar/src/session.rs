//! A session: state between runs. A one-off run is a session used once.

use std::path::Path;
use std::sync::Arc;

use serde_json::Map;
use tokio::sync::{Mutex, MutexGuard};

use crate::admit::{Plan, admit};
use crate::audit::AuditKind;
use crate::blocking::block_on;
use crate::engine::encode::{Encoder, Verb};
use crate::engine::erase::Eraser;
use crate::error::{Error, Result};
use crate::host::audit::Audit;
use crate::host::files::{Files, Selection};
use crate::host::report::Report;
use crate::host::secrets::Secrets;
use crate::host::without;
use crate::jar::Jar;
use crate::limits::Limits;
use crate::live::{Live, Rest};
use crate::outcome::{Applied, Ended, FileChange, Outcome, SessionState};
use crate::request::Request;
use crate::snapshot;
use crate::told::{self, Telling};

/// How long completion, and the check whether code is complete, may take: they answer to someone who types.
const PROMPT_TIME_MS: u64 = 1_000;

/// The most forks that are made at once.
const FORKS_MAX: usize = 100_000;

/// A live instance of a jar. What one run defines, the next one finds.
///
/// A run that has to be cut off leaves the session as it was before that run ([`SessionState::RolledBack`]); one that came to its end, failed
/// or stopped when it was asked to, leaves what it changed ([`SessionState::Kept`]). Only code that exits at once (`os._exit`) closes it.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::Jar;
///
/// let session = Jar::open("javascript")?.session()?;
/// session.run_blocking("let total = 1;")?;
/// assert_eq!(session.run_blocking("total += 41")?.value.expect("a number").repr, "42");
/// # Ok(())
/// # }
/// ```
pub struct Session {
    jar: Jar,
    state: Mutex<State>,
    telling: Telling,
}

/// What there is of a session.
enum State {
    Live(Box<Live>),
    /// At rest: it takes an instance again when it is next used. A session is at rest from the start when it was restored or forked, and while
    /// a run is going on, which so leaves nothing behind if it is dropped or cut off.
    Rest(Box<Rest>),
    /// It has ended; what it wrote is not lost with it.
    Closed(Option<Box<Left>>),
}

/// What a session leaves that has ended.
struct Left {
    files: Files,
    secrets: Option<Arc<Secrets>>,
}

/// Candidates for what is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where the completed word begins: an offset in bytes.
    pub start: usize,
    /// The candidates, whole words.
    pub candidates: Vec<String>,
}

/// Whether code could be run as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More lines are needed.
    Incomplete,
    /// It is wrong, whatever follows.
    Wrong,
}

impl Session {
    pub(crate) async fn start(jar: Jar) -> Result<Self> {
        let telling = Telling::of_session(None);
        let live = Live::start(&jar, telling.audit()).await?;
        Ok(Self { jar, state: Mutex::new(State::Live(Box::new(live))), telling })
    }

    /// A session that goes on from a snapshot of the session `parent`.
    pub(crate) fn restored(jar: Jar, rest: Rest, parent: String) -> Self {
        let session = Self::at_rest(jar, rest, &parent);
        let Jar { image, limits, grants, .. } = &session.jar;
        told::session(session.telling.audit(), image.name(), limits, grants);
        session.telling.audit().step(AuditKind::Restore, &parent, None, Map::new());
        session
    }

    fn at_rest(jar: Jar, rest: Rest, parent: &str) -> Self {
        let telling = Telling::of_session(Some(parent.to_owned()));
        Self { jar, state: Mutex::new(State::Rest(Box::new(rest))), telling }
    }

    /// Runs code to its end.
    ///
    /// If the returned future is dropped before it is ready, the code is stopped at once and the session is as it was before.
    ///
    /// # Errors
    ///
    /// When the code was not run: the request was refused, [`Error::Busy`], [`Error::Closed`], [`Error::Full`], [`Error::Suspended`]; or
    /// [`Error::NoImage`], when it is TypeScript and what reads that is not installed. Code that fails has an [`Outcome`].
    pub async fn run(&self, request: impl Into<Request>) -> Result<Outcome> {
        let (plan, eraser) = self.admitted(request.into())?;
        let mut state = self.lock()?;
        let mut live = state.wake(&self.jar, self.telling.audit()).await?;
        if let Err(refused) = live.accept(plan.answers.as_deref()) {
            *state = State::Live(live);
            return Err(refused);
        }
        let mut outcome = live.run(plan, eraser).await;
        match outcome.session {
            // Who leaves at once wants no more of the session.
            SessionState::Closed if outcome.ended == Ended::Exited => *state = State::left_by(&mut live),
            SessionState::Closed => {
                outcome.session = SessionState::RolledBack;
                if let State::Rest(rest) = &mut *state {
                    rest.kept.list_files(&mut outcome);
                }
            }
            SessionState::Kept | SessionState::RolledBack => *state = State::Live(live),
        }
        Ok(outcome)
    }

    /// Runs code as the last thing that the session does: it is not kept as it was before, which is quicker, and code that is cut off closes
    /// it, with what it wrote until then.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub async fn run_last(&self, request: impl Into<Request>) -> Result<Outcome> {
        let (plan, eraser) = self.admitted(request.into())?;
        let mut state = self.lock()?;
        let mut live = match std::mem::replace(&mut *state, State::Closed(None)) {
            State::Live(live) => live,
            State::Rest(rest) => Box::new(Live::resume(&self.jar, &rest, self.telling.audit()).await?),
            closed @ State::Closed(_) => {
                *state = closed;
                return Err(Error::Closed);
            }
        };
        if let Err(refused) = live.accept(plan.answers.as_deref()) {
            *state = State::Live(live);
            return Err(refused);
        }
        let outcome = live.run(plan, eraser).await;
        *state = if outcome.session == SessionState::Closed {
            State::left_by(&mut live)
        } else {
            State::Live(live)
        };
        Ok(outcome)
    }

    /// The same as [`Session::run_last`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub fn run_last_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run_last(request))
    }

    fn admitted(&self, request: Request) -> Result<(Plan, Option<&Eraser>)> {
        self.admitted_or_not(request).inspect_err(|error| self.telling.refused(error))
    }

    fn admitted_or_not(&self, request: Request) -> Result<(Plan, Option<&Eraser>)> {
        let plan = admit(
            request,
            self.jar.image.language(),
            &self.jar.limits,
            self.jar.grants.environment.as_ref(),
        )?;
        let eraser = plan.typescript.then(|| self.jar.eraser()).transpose()?;
        Ok((plan, eraser))
    }

    /// The same as [`Session::run`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub fn run_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run(request))
    }

    /// What the session is called in audit events: 32 hexadecimal digits, drawn anew for each session.
    #[must_use]
    pub fn id(&self) -> &str {
        self.telling.audit().id()
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().is_ok_and(|state| matches!(*state, State::Closed(_)))
    }

    /// The jar that the session was made from.
    #[must_use]
    pub fn jar(&self) -> &Jar {
        &self.jar
    }

    /// What could stand at `cursor`, an offset in bytes into `code`, from the names that the session knows.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub async fn complete(&self, code: &str, cursor: usize) -> Result<Completions> {
        let cursor = u32::try_from(cursor.min(code.len())).unwrap_or(u32::MAX);
        let report = self.ask(Verb::Complete, code, |encoder| encoder.cursor(cursor)).await?;
        let start = report.completion_start.unwrap_or(cursor).min(cursor) as usize;
        let candidates =
            report.completions.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
        Ok(Completions { start, candidates })
    }

    /// The same as [`Session::complete`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::complete`].
    pub fn complete_blocking(&self, code: &str, cursor: usize) -> Result<Completions> {
        block_on(self.complete(code, cursor))
    }

    /// Whether `code` could be run as it is, or needs more lines.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub async fn check(&self, code: &str) -> Result<Completeness> {
        let report = self.ask(Verb::Check, code, |_| {}).await?;
        Ok(match report.check {
            Some(2) => Completeness::Incomplete,
            Some(3) => Completeness::Wrong,
            _ => Completeness::Complete,
        })
    }

    /// The same as [`Session::check`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::check`].
    pub fn check_blocking(&self, code: &str) -> Result<Completeness> {
        block_on(self.check(code))
    }

    /// Reads a file that the code could read, by the path that it has there. This works after the session has ended, too.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`] when nothing is left of the session, or [`Error::FilePath`] when there is no such file.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let (content, secrets) = self.with_kept(|files, secrets| (files.read(path), secrets.cloned()))?;
        Ok(without(secrets.as_ref(), content?))
    }

    /// What the session has changed of directories that are mounted copy-on-write. This works after the session has ended, too.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], or [`Error::Closed`] when nothing is left of the session.
    pub fn changes(&self) -> Result<Vec<FileChange>> {
        self.with_files(|files| files.changes())
    }

    /// The changes at and below a path as a unified diff, the host's files on the left; `/` gives all. Files that are no text, or larger
    /// than 1 MiB, are named and not shown.
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`].
    pub fn diff(&self, path: &str) -> Result<String> {
        self.with_files(|files| files.diff(path))
    }

    /// Applies changes to the host's files, and says what became of each: a change is refused when the host's file is not what it was when
    /// the session first changed it, when something else was put in its place, when its name is protected, or when the machine
    /// refuses. What is refused changes nothing, and the session still has it.
    ///
    /// ```no_run
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Grants, Jar, Mount, Selection};
    ///
    /// let grants = Grants::default().mount(Mount::copy_on_write("src", "/work/src"));
    /// let session = Jar::open("python")?.with_grants(grants).session()?;
    /// session.run_blocking("open('/work/src/a.txt', 'w').write('new')")?;
    /// println!("{}", session.diff("/work/src/a.txt")?);
    /// let report = session.apply(&Selection::paths(["/work/src/a.txt"]))?;
    /// assert!(report.refused.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`].
    pub fn apply(&self, selection: &Selection) -> Result<Applied> {
        let applied = self.with_files(|files| files.apply(selection))?;
        self.telling.applied("apply", &applied);
        Ok(applied)
    }

    /// Writes the files that the code left in `/output` into a directory of the host, which must be there. Nothing is replaced, no link is
    /// followed, and protected names are refused.
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`], and [`Error::Io`] when the directory cannot be opened.
    pub fn save_output(&self, into: impl AsRef<Path>) -> Result<Applied> {
        let saved = self.with_files(|files| files.save_output(into.as_ref()))??;
        self.telling.applied("save output", &saved);
        Ok(saved)
    }

    /// The session's whole state as bytes, from which [`Jar::restore`] makes a session that goes on from here, in this process or in another.
    ///
    /// Changes of copy-on-write mounts are part of it, and the host's own files are not: directories are mounted anew. A file of the host that is
    /// open is opened anew, if the same file is there then; otherwise whatever the code does with it, but to close it, is an error (`ESTALE`).
    ///
    /// # Errors
    ///
    /// [`Error::NoSnapshotKey`] when the jar has no key to sign it with, [`Error::Busy`] or [`Error::Closed`].
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Jar, SnapshotKey};
    ///
    /// let jar = Jar::open("javascript")?.with_snapshot_key(SnapshotKey::new([7; 32]));
    /// let session = jar.session()?;
    /// session.run_blocking("let total = 40")?;
    /// let bytes = session.snapshot()?;
    /// drop(session);
    /// let outcome = jar.restore(&bytes)?.run_blocking("total + 2")?;
    /// assert_eq!(outcome.value.expect("a number").repr, "42");
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let audit = self.telling.audit();
        let bytes = snapshot::write(&self.jar, &self.lock()?.rest(&self.jar)?, audit.id())?;
        audit.step(AuditKind::Snapshot, &format!("{} bytes", bytes.len()), None, Map::new());
        Ok(bytes)
    }

    /// `count` sessions that go on from here, each on its own, and with randomness of its own. They take up a place when they are first used, and
    /// until then share what they have in common.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`], or [`Error::TooManyForks`] when more than 100,000 are asked for.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::Jar;
    ///
    /// let session = Jar::open("javascript")?.session()?;
    /// session.run_blocking("let n = 1")?;
    /// for fork in session.fork(3)? {
    ///     assert_eq!(fork.run_blocking("n += 1")?.value.expect("a number").repr, "2");
    /// }
    /// assert_eq!(session.run_blocking("n")?.value.expect("a number").repr, "1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fork(&self, count: usize) -> Result<Vec<Self>> {
        if count > FORKS_MAX {
            return Err(Error::TooManyForks { count, most: FORKS_MAX });
        }
        let rest = self.lock()?.rest(&self.jar)?;
        let audit = self.telling.audit();
        audit.step(AuditKind::Fork, &format!("{count} sessions"), None, Map::new());
        let fork = |number| Self::at_rest(self.jar.clone(), rest.fork(number), audit.id());
        Ok((0..count as u64).map(fork).collect())
    }

    /// Gives the session's place to others until it is next used. It keeps what it has, and a copy of its memory's pages.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub fn hibernate(&self) -> Result<()> {
        let mut state = self.lock()?;
        *state = State::Rest(Box::new(state.rest(&self.jar)?));
        Ok(())
    }

    pub(crate) fn with_files<T>(&self, act: impl FnOnce(&mut Files) -> T) -> Result<T> {
        self.with_kept(|files, _| act(files))
    }

    /// The files, whatever has become of the session, and what must not be shown.
    fn with_kept<T>(&self, act: impl FnOnce(&mut Files, Option<&Arc<Secrets>>) -> T) -> Result<T> {
        match &mut *self.lock()? {
            State::Live(live) => {
                let host = live.host();
                Ok(act(&mut host.files, host.secrets.as_ref()))
            }
            State::Rest(rest) => Ok(act(&mut rest.kept.files, rest.kept.secrets.as_ref())),
            State::Closed(Some(left)) => Ok(act(&mut left.files, left.secrets.as_ref())),
            State::Closed(None) => Err(Error::Closed),
        }
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>> {
        self.state.try_lock().map_err(|_| Error::Busy)
    }

    /// Asks the engine something that runs none of the user's code to its end.
    async fn ask(&self, verb: Verb, code: &str, more: impl FnOnce(&mut Encoder)) -> Result<Report> {
        let limits = Limits {
            time_ms: self.jar.limits.time_ms.min(PROMPT_TIME_MS),
            ..Limits::clone(&self.jar.limits)
        };
        let mut state = self.lock()?;
        let mut live = state.wake(&self.jar, self.telling.audit()).await?;
        let (report, intact) = live.ask((verb, code, &limits), more).await;
        if intact {
            *state = State::Live(live);
        }
        Ok(report)
    }
}

impl State {
    /// An instance to work with. Until it is put back, the session is at rest as it was before.
    async fn wake(&mut self, jar: &Jar, audit: &Audit) -> Result<Box<Live>> {
        match self {
            Self::Live(live) => {
                let rest = Box::new(live.rest(jar));
                match std::mem::replace(self, Self::Rest(rest)) {
                    Self::Live(live) => Ok(live),
                    Self::Rest(_) | Self::Closed(_) => Err(Error::Closed),
                }
            }
            Self::Rest(rest) => Ok(Box::new(Live::resume(jar, rest, audit).await?)),
            Self::Closed(_) => Err(Error::Closed),
        }
    }

    fn left_by(live: &mut Live) -> Self {
        let host = live.host();
        Self::Closed(Some(Box::new(Left { files: host.files.clone(), secrets: host.secrets.clone() })))
    }

    fn rest(&mut self, jar: &Jar) -> Result<Rest> {
        match self {
            Self::Live(live) => Ok(live.rest(jar)),
            Self::Rest(rest) => Ok(Rest::clone(rest)),
            Self::Closed(_) => Err(Error::Closed),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("image", &self.jar.image.name()).finish_non_exhaustive()
    }
}
