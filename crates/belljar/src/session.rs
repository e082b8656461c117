//! A session: state between runs. A one-off run is a session used once.

use tokio::sync::Mutex;

use crate::admit::{Plan, admit};
use crate::blocking::block_on;
use crate::collect;
use crate::engine::cancel::CancelToken;
use crate::engine::encode::{Encoder, Verb};
use crate::engine::instance::{Ending, Instance};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::host::files::Files;
use crate::host::input::Input;
use crate::host::output::Output;
use crate::host::random::Random;
use crate::host::report::Report;
use crate::host::time::Time;
use crate::jar::Jar;
use crate::limits::Limits;
use crate::outcome::{Outcome, SessionState};
use crate::request::Request;

/// How long completion, and the check whether code is complete, may take: they answer to someone who types.
const PROMPT_TIME_MS: u64 = 1_000;

/// A live instance of a jar. What one run defines, the next one finds.
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
    /// None once the session is closed, and while a run is going on: a run that is dropped half-way leaves nothing to go on with.
    live: Mutex<Option<Live>>,
}

struct Live {
    instance: Instance,
    /// Whether the engine has been given its randomness.
    seeded: bool,
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
        let code = jar.image.code(jar.counting())?;
        let instance = Instance::start(code, host_of(&jar)?).await?;
        Ok(Self { jar, live: Mutex::new(Some(Live { instance, seeded: false })) })
    }

    /// Runs code to its end.
    ///
    /// If the returned future is dropped before it is ready, the code is stopped at once and the session is closed.
    ///
    /// # Errors
    ///
    /// When the code was not run: the request was refused, [`Error::Busy`], or [`Error::Closed`]. Code that fails has an [`Outcome`].
    pub async fn run(&self, request: impl Into<Request>) -> Result<Outcome> {
        let plan = admit(request.into(), self.jar.image.language(), &self.jar.limits)?;
        let mut slot = self.live.try_lock().map_err(|_| Error::Busy)?;
        let mut live = slot.take().ok_or(Error::Closed)?;
        let outcome = live.run(plan).await;
        if outcome.session != SessionState::Closed {
            *slot = Some(live);
        }
        Ok(outcome)
    }

    /// The same as [`Session::run`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub fn run_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run(request))
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.live.try_lock().is_ok_and(|live| live.is_none())
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

    /// Reads a virtual file of the session.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`], or [`Error::FilePath`] when there is no such file.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let mut slot = self.live.try_lock().map_err(|_| Error::Busy)?;
        slot.as_mut().ok_or(Error::Closed)?.instance.host().files.read(path)
    }

    /// Asks the engine something that runs none of the user's code to its end.
    async fn ask(&self, verb: Verb, code: &str, more: impl FnOnce(&mut Encoder)) -> Result<Report> {
        let limits = Limits {
            time_ms: self.jar.limits.time_ms.min(PROMPT_TIME_MS),
            ..Limits::clone(&self.jar.limits)
        };
        let mut slot = self.live.try_lock().map_err(|_| Error::Busy)?;
        let mut live = slot.take().ok_or(Error::Closed)?;
        let mut encoder = live.begin(verb, &limits);
        encoder.code(code);
        more(&mut encoder);
        let ending = live.instance.enter(&encoder.finish(), &limits, &CancelToken::new()).await;
        let host = live.instance.host();
        let report = host.report.take(&mut host.meter, &limits);
        host.output.finish(&mut host.meter);
        if ending.is_intact() {
            *slot = Some(live);
        }
        Ok(report)
    }
}

impl Live {
    /// Begins a request: the host's side is made ready, and an engine that has no randomness yet gets it.
    fn begin(&mut self, verb: Verb, limits: &Limits) -> Encoder {
        let host = self.instance.host();
        host.meter.begin_run(limits);
        host.report = Report::new(limits);
        host.output = Output::new(limits, None);
        host.input = Input::empty();
        let mut encoder = Encoder::new(verb);
        if !self.seeded {
            encoder.seed(&host.random.draw());
            self.seeded = true;
        }
        encoder
    }

    async fn run(&mut self, plan: Plan) -> Outcome {
        let mut encoder = self.begin(Verb::Run, &plan.limits);
        encoder.plan(&plan);

        let host = self.instance.host();
        host.output = Output::new(&plan.limits, plan.sink);
        if let Some(stdin) = plan.stdin {
            host.input = Input::from_reader(stdin);
        }
        host.environment = plan.environment;
        let ending: Ending = self.instance.enter(&encoder.finish(), &plan.limits, &plan.cancel).await;
        collect::outcome(&mut self.instance, ending, &plan.limits)
    }
}

/// Our side of a new session.
fn host_of(jar: &Jar) -> Result<Host> {
    let (time, random) = match jar.grants.seed {
        Some(seed) => (Time::repeatable(), Random::from_seed(seed)),
        None => (Time::real(), Random::fresh()?),
    };
    let mut files = Files::new(&jar.limits, jar.image.files().clone());
    for file in &jar.grants.files {
        files.place(&file.path, file.content.clone())?;
    }
    Ok(Host::new(&jar.limits, time, random, files))
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("image", &self.jar.image.name()).finish_non_exhaustive()
    }
}
