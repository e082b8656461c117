//! A session and the thread that serves it.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use belljar::{CancelToken, Error, Jar, Request, Session};

use super::answer::{Answers, Streams};
use super::id::Id;
use super::refusal::Refusal;

/// How many requests may wait for one session.
const WAITING_MAX: usize = 64;

/// The largest snapshot that is handed out: one that a line can bring back.
pub(crate) const SNAPSHOT_BYTES_MAX: usize = 64 << 20;

/// Something to do in a session.
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) task: Task,
}

/// What is to be done.
pub(crate) enum Task {
    Run {
        request: Box<Request>,
        token: CancelToken,
        streams: Option<Streams>,
    },
    Complete {
        code: String,
        cursor: usize,
    },
    Check {
        code: String,
    },
    Diff {
        path: String,
    },
    Save,
    /// Copies for the sessions of these threads.
    Fork {
        into: Vec<SyncSender<Session>>,
    },
    Close,
}

impl Task {
    /// What cancels it.
    pub(crate) fn token(&self) -> Option<CancelToken> {
        match self {
            Self::Run { token, .. } => Some(token.clone()),
            Self::Complete { .. }
            | Self::Check { .. }
            | Self::Diff { .. }
            | Self::Save
            | Self::Fork { .. }
            | Self::Close => None,
        }
    }
}

/// How a session begins.
pub(crate) enum Beginning {
    /// With its first run.
    New,
    /// From a snapshot; this is the request that asks for it.
    Snapshot(Id, Vec<u8>),
    /// As a copy of another, which comes when that one is at rest.
    Fork(Receiver<Session>),
}

/// A thread that serves one session, in order.
pub(crate) struct Attendant {
    engine: String,
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

impl Attendant {
    /// Starts the thread.
    pub(crate) fn start(
        engine: String,
        jar: Jar,
        answers: Answers,
        beginning: Beginning,
    ) -> Result<Self, Refusal> {
        let (jobs, queue) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("belljar-session".to_owned());
        let thread = thread
            .spawn(move || serve(&jar, beginning, &queue, &answers))
            .map_err(|error| Refusal::machine(format!("cannot start a thread: {error}")))?;
        Ok(Self { engine, jobs, thread })
    }

    /// The engine of the session.
    pub(crate) fn engine(&self) -> &str {
        &self.engine
    }

    /// Gives the thread something to do.
    pub(crate) fn give(&self, job: Job) -> Result<(), Refusal> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::caller(
                format!("{WAITING_MAX} requests wait for this session already"),
                "wait for answers before asking more",
            ),
            TrySendError::Disconnected(_) => Refusal::caller("the session is closed", "use another session"),
        })
    }

    /// Nothing more is coming: the thread ends when all that was given is done.
    pub(crate) fn release(self) -> JoinHandle<()> {
        self.thread
    }
}

fn serve(jar: &Jar, beginning: Beginning, queue: &Receiver<Job>, answers: &Answers) {
    let (mut session, begins) = match beginning {
        Beginning::New => (None, true),
        Beginning::Snapshot(id, snapshot) => match jar.restore(&snapshot) {
            Ok(restored) => {
                answers.done(&id);
                (Some(restored), false)
            }
            Err(error) => {
                answers.fail(&id, &error.into());
                (None, false)
            }
        },
        Beginning::Fork(copy) => (copy.recv().ok(), false),
    };
    for Job { id, task } in queue {
        if matches!(task, Task::Close) {
            drop(session);
            return answers.done(&id);
        }
        let begun = match session.take() {
            Some(begun) => Ok(begun),
            None if begins => jar.session(),
            None => Err(Error::Closed),
        };
        match begun {
            Ok(begun) => {
                serve_one(&begun, &id, task, answers);
                session = Some(begun);
            }
            Err(error) => answers.fail(&id, &error.into()),
        }
    }
}

/// Copies of a session, handed to the threads that wait for them.
fn fork(session: &Session, into: &[SyncSender<Session>]) -> Result<(), Error> {
    for (copy, to) in session.fork(into.len())?.into_iter().zip(into) {
        // There is room for one, and a thread that has gone wants none.
        let _ = to.try_send(copy);
    }
    Ok(())
}

fn serve_one(session: &Session, id: &Id, task: Task, answers: &Answers) {
    let served = match task {
        Task::Run { request, streams, .. } => {
            let outcome = session.run_blocking(*request);
            if let Some(streams) = streams {
                streams.finish();
            }
            outcome.map(|outcome| answers.outcome(id, &outcome))
        }
        Task::Complete { code, cursor } => {
            session.complete_blocking(&code, cursor).map(|completions| answers.completions(id, &completions))
        }
        Task::Check { code } => {
            session.check_blocking(&code).map(|completeness| answers.check(id, completeness))
        }
        Task::Diff { path } => session.diff(&path).map(|diff| answers.diff(id, &diff)),
        Task::Save => session.snapshot().and_then(|snapshot| {
            let (what, bytes, most) = ("the snapshot", snapshot.len(), SNAPSHOT_BYTES_MAX);
            if bytes > most {
                return Err(Error::TooLong { what, bytes, most });
            }
            answers.snapshot(id, &snapshot);
            Ok(())
        }),
        Task::Fork { into } => fork(session, &into).map(|()| answers.done(id)),
        Task::Close => Ok(()),
    };
    if let Err(error) = served {
        answers.fail(id, &error.into());
    }
}
