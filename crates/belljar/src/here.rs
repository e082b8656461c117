//! A session in this process: live, at rest, or ended.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::admit::Plan;
use crate::engine::encode::{Encoder, Verb};
use crate::engine::erase::Eraser;
use crate::error::{Error, Result};
use crate::host::audit::Audit;
use crate::host::files::{Change, Files};
use crate::host::meter::Meter;
use crate::host::report::Report;
use crate::host::secrets::Secrets;
use crate::host::{Host, shown, without};
use crate::jar::Jar;
use crate::limits::Limits;
use crate::live::{Live, Rest};
use crate::outcome::{DirectoryEntry, Ended, Outcome, SessionState};

/// How long completion, and the check whether code is complete, may take: they answer to someone who types.
const PROMPT_TIME_MS: u64 = 1_000;

/// What there is of a session.
pub(crate) struct Here(Mutex<State>);

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

impl Here {
    /// Begins a session.
    pub(crate) async fn start(jar: &Jar, audit: &Audit) -> Result<Self> {
        let live = Live::start(jar, audit).await?;
        Ok(Self(Mutex::new(State::Live(Box::new(live)))))
    }

    /// A session that goes on from where another one rested.
    pub(crate) fn at_rest(rest: Rest) -> Self {
        Self(Mutex::new(State::Rest(Box::new(rest))))
    }

    /// Runs code to its end. What is cut off leaves the session as it was before.
    pub(crate) async fn run(
        &self,
        (jar, audit): (&Jar, &Audit),
        plan: Plan,
        eraser: Option<&Eraser>,
    ) -> Result<Outcome> {
        let mut state = self.lock()?;
        let mut live = state.wake(jar, audit).await?;
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

    /// Runs code as the last thing that the session does.
    pub(crate) async fn run_last(
        &self,
        (jar, audit): (&Jar, &Audit),
        plan: Plan,
        eraser: Option<&Eraser>,
    ) -> Result<Outcome> {
        let mut state = self.lock()?;
        let mut live = match std::mem::replace(&mut *state, State::Closed(None)) {
            State::Live(live) => live,
            State::Rest(rest) => Box::new(Live::resume(jar, &rest, audit).await?),
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

    /// Asks the engine something that runs none of the user's code to its end.
    pub(crate) async fn ask(
        &self,
        (jar, audit): (&Jar, &Audit),
        (verb, code): (Verb, &str),
        more: impl FnOnce(&mut Encoder),
    ) -> Result<Report> {
        let limits = Limits { time_ms: jar.limits.time_ms.min(PROMPT_TIME_MS), ..Limits::clone(&jar.limits) };
        let mut state = self.lock()?;
        let mut live = state.wake(jar, audit).await?;
        let (report, intact) = live.ask((verb, code, &limits), more).await;
        if intact {
            *state = State::Live(live);
        }
        Ok(report)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_ok_and(|state| matches!(*state, State::Closed(_)))
    }

    pub(crate) fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let (content, secrets) = self.with_kept(|files, secrets| (files.read(path), secrets.cloned()))?;
        Ok(without(secrets.as_ref(), content?))
    }

    pub(crate) fn write_file(&self, jar: &Jar, path: &str, bytes: &[u8]) -> Result<()> {
        self.with_change(jar, |files, change| files.write_whole(path, bytes, change))?
    }

    pub(crate) fn list_files(&self, jar: &Jar, path: &str) -> Result<Vec<DirectoryEntry>> {
        let secrets = self.with_kept(|_, secrets| secrets.cloned())?;
        let listed = self.with_change(jar, |files, change| files.list(path, change))??;
        let entry =
            |entry: DirectoryEntry| DirectoryEntry { name: shown(secrets.as_ref(), entry.name), ..entry };
        Ok(listed.into_iter().map(entry).collect())
    }

    /// Does something with the files of a session that has not ended, at the session's expense.
    fn with_change<T>(&self, jar: &Jar, act: impl FnOnce(&mut Files, &mut Change<'_>) -> T) -> Result<T> {
        match &mut *self.lock()? {
            State::Live(live) => {
                let Host { files, meter, time, .. } = live.host();
                Ok(act(files, &mut Change { meter, now_ns: time.realtime_ns() }))
            }
            State::Rest(rest) => {
                let kept = &mut rest.kept;
                let mut meter = Meter::new(&jar.limits);
                meter.go_on(kept.held);
                let now_ns = kept.time.realtime_ns();
                let done = act(&mut kept.files, &mut Change { meter: &mut meter, now_ns });
                kept.held = meter.held();
                Ok(done)
            }
            State::Closed(_) => Err(Error::Closed),
        }
    }

    /// What an instance can be made from again.
    pub(crate) fn rest(&self) -> Result<Rest> {
        self.lock()?.rest()
    }

    /// Gives the session's place to others until it is next used.
    pub(crate) fn hibernate(&self) -> Result<()> {
        let mut state = self.lock()?;
        *state = State::Rest(Box::new(state.rest()?));
        Ok(())
    }

    /// Does something with the files, whatever has become of the session.
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
        self.0.try_lock().map_err(|_| Error::Busy)
    }
}

impl State {
    /// An instance to work with. Until it is put back, the session is at rest as it was before.
    async fn wake(&mut self, jar: &Jar, audit: &Audit) -> Result<Box<Live>> {
        match self {
            Self::Live(live) => {
                let rest = Box::new(live.rest());
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

    fn rest(&mut self) -> Result<Rest> {
        match self {
            Self::Live(live) => Ok(live.rest()),
            Self::Rest(rest) => Ok(Rest::clone(rest)),
            Self::Closed(_) => Err(Error::Closed),
        }
    }
}
