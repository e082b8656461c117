//! A session in one of its two forms: a live instance, or at rest, as what an instance can be made from again.

use std::sync::Arc;

use crate::admit::Plan;
use crate::collect;
use crate::engine::cancel::CancelToken;
use crate::engine::checkpoint::Checkpoint;
use crate::engine::encode::{Encoder, Verb};
use crate::engine::erase::Eraser;
use crate::engine::instance::{Ending, Instance};
use crate::error::{Error, Result};
use crate::host::audit::Audit;
use crate::host::files::Files;
use crate::host::input::Input;
use crate::host::net::Net;
use crate::host::output::Output;
use crate::host::random::Random;
use crate::host::report::Report;
use crate::host::secrets::Secrets;
use crate::host::time::Time;
use crate::host::tools::Tools;
use crate::host::{Host, Kept, tools};
use crate::jar::Jar;
use crate::limits::Limits;
use crate::outcome::{Ended, Outcome};
use crate::request::ToolAnswer;
use crate::told::{self, Running};
use crate::typescript;

/// A live instance and its engine.
pub(crate) struct Live {
    instance: Instance,
    /// Whether the engine has been given its randomness.
    seeded: bool,
    /// Whether its memory may differ from the image's.
    used: bool,
    /// Whether a run waits for answers of the caller.
    suspended: bool,
}

/// A session between two runs: everything that a run can change. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    pub(crate) memory: Arc<Checkpoint>,
    pub(crate) kept: Kept,
    pub(crate) seeded: bool,
    pub(crate) suspended: bool,
}

impl Rest {
    /// The same session once more, as the fork of that number: with randomness of its own.
    pub(crate) fn fork(&self, number: u64) -> Self {
        let mut fork = self.clone();
        fork.kept.random = self.kept.random.as_ref().map(|random| random.of_fork(number));
        fork.seeded = false;
        fork.kept.files.count_apart();
        fork
    }
}

impl Live {
    /// Begins a session.
    pub(crate) async fn start(jar: &Jar, audit: &Audit) -> Result<Self> {
        told::session(audit, jar.image.name(), &jar.limits, &jar.grants);
        let code = jar.image.code(jar.counting())?;
        let instance = Instance::start(code, host_of(jar, audit)?).await?.reads_types(jar.types.clone());
        Ok(Self { instance, seeded: false, used: false, suspended: false })
    }

    /// Goes on from where a session rested.
    pub(crate) async fn resume(jar: &Jar, rest: &Rest, audit: &Audit) -> Result<Self> {
        told::session(audit, jar.image.name(), &jar.limits, &jar.grants);
        let code = jar.image.code(jar.counting())?;
        let host = granted(Host::resume(&jar.limits, &rest.kept)?, jar, audit);
        let instance = Instance::resume(code, host, &rest.memory).await?.reads_types(jar.types.clone());
        Ok(Self {
            instance,
            seeded: rest.seeded,
            used: rest.memory.memory_bytes > 0,
            suspended: rest.suspended,
        })
    }

    /// What a session needs to go on from here.
    pub(crate) fn rest(&mut self) -> Rest {
        let memory = if self.used { self.instance.checkpoint() } else { Checkpoint::default() };
        let (kept, seeded, suspended) = (self.instance.host().kept(), self.seeded, self.suspended);
        Rest { memory: Arc::new(memory), kept, seeded, suspended }
    }

    /// Asks the engine something else than to run code. With whether the instance can be used again.
    pub(crate) async fn ask(
        &mut self,
        (verb, code, limits): (Verb, &str, &Limits),
        more: impl FnOnce(&mut Encoder),
    ) -> (Report, bool) {
        let mut encoder = self.begin(verb, limits, &CancelToken::new());
        encoder.code(code);
        more(&mut encoder);
        let ending = self.instance.enter(&encoder.finish(), limits).await;
        let host = self.instance.host();
        let mut report = host.report.take(&mut host.meter, limits);
        if let Some(secrets) = &host.secrets {
            report.scrub(secrets);
        }
        host.output.finish(&mut host.meter);
        (report, ending.is_intact())
    }

    /// Whether this can be run now, and takes the answers that it brings. Nothing is taken unless all can be.
    pub(crate) fn accept(&mut self, answers: Option<&[ToolAnswer]>) -> Result<()> {
        match (answers, self.suspended) {
            (None, false) => Ok(()),
            (None, true) => {
                Err(Error::Suspended { pending: self.instance.host().operations.waiting().count() })
            }
            (Some(_), false) => Err(Error::NotSuspended),
            (Some(answers), true) => tools::take_answers(self.instance.host(), answers),
        }
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        self.instance.host()
    }

    /// Begins a request: the host's side is made ready, and an engine that has no randomness yet gets it.
    fn begin(&mut self, verb: Verb, limits: &Limits, cancel: &CancelToken) -> Encoder {
        self.instance.begin(limits, cancel);
        let host = self.instance.host();
        host.meter.begin_run(limits);
        host.net.begin_run(limits);
        host.tools.begin_run(limits);
        host.report = Report::new(limits);
        host.output = Output::new(limits, None).without(host.secrets.as_ref());
        host.input = Input::empty();
        let mut encoder = Encoder::new(verb);
        if !self.seeded {
            encoder.seed(&host.random.draw());
            self.seeded = true;
        }
        if !self.used && !host.tools.is_empty() {
            encoder.tools(&host.tools.described());
        }
        self.used = true;
        encoder
    }

    /// Runs code to its end.
    pub(crate) async fn run(&mut self, mut plan: Plan, eraser: Option<&Eraser>) -> Outcome {
        if let Some(secrets) = &self.instance.host().secrets {
            plan.environment.extend(secrets.environment());
        }
        let running = Running::begin(&self.instance.host().audit, &plan);
        let outcome = self.run_plan(plan, eraser).await;
        running.end(&outcome);
        outcome
    }

    async fn run_plan(&mut self, mut plan: Plan, eraser: Option<&Eraser>) -> Outcome {
        let verb = if plan.answers.is_some() { Verb::Resume } else { Verb::Run };
        let mut encoder = self.begin(verb, &plan.limits, &plan.cancel);
        if let Some(eraser) = eraser {
            let budget = self.instance.lend();
            let (read, budget) = typescript::read(eraser, &plan.name, &plan.code, budget).await;
            self.instance.take_back(budget);
            match read {
                Ok(code) => plan.code = code,
                Err(reason) => {
                    let ending = self.instance.give_up(reason);
                    return collect::outcome(&mut self.instance, ending, &plan.limits);
                }
            }
        }
        encoder.plan(&plan);

        let host = self.instance.host();
        host.output = match (&host.elsewhere, &host.secrets, plan.sink) {
            // What must not be shown is known there alone.
            (Some(_), Some(_), Some(sink)) => Output::relay(sink),
            (_, secrets, sink) => Output::new(&plan.limits, sink).without(secrets.as_ref()),
        };
        if let Some(stdin) = plan.stdin {
            host.input = Input::from_reader(stdin);
        }
        if verb == Verb::Run {
            host.environment = plan.environment;
        }
        let ending: Ending = self.instance.enter(&encoder.finish(), &plan.limits).await;
        let outcome = collect::outcome(&mut self.instance, ending, &plan.limits);
        self.suspended = outcome.ended == Ended::Suspended;
        outcome
    }
}

/// Our side of a new session.
fn host_of(jar: &Jar, audit: &Audit) -> Result<Host> {
    let (time, mut random) = match jar.grants.seed {
        Some(seed) => (Time::repeatable(), Random::from_seed(seed)),
        None => (Time::real(), Random::fresh()?),
    };
    let mut files = Files::new(&jar.limits, jar.image.files().clone());
    files.mount(&jar.grants.mounts, jar.elsewhere.as_ref())?;
    for file in &jar.grants.files {
        files.place(&file.path, file.content.clone())?;
    }
    let mut secrets = Secrets::new(&jar.grants.secrets, &mut random);
    if let (Some(elsewhere), Some(_)) = (&jar.elsewhere, &secrets) {
        secrets = Secrets::resume(&jar.grants.secrets, elsewhere.placeholders());
    }
    let mut host = Host::new(&jar.limits, time, random, files);
    host.secrets = secrets;
    Ok(granted(host, jar, audit))
}

/// The ways out that the jar grants, and that are the same however a session began.
fn granted(mut host: Host, jar: &Jar, audit: &Audit) -> Host {
    audit.keep_secret(host.secrets.as_ref());
    host.files.tell(audit);
    if let Some(elsewhere) = &jar.elsewhere {
        host.files.ask(elsewhere);
    }
    host.elsewhere.clone_from(&jar.elsewhere);
    host.audit = audit.clone();
    host.tools = Tools::new(Arc::clone(&jar.grants.tools));
    host.net = Net::new(Arc::clone(&jar.grants.net));
    host
}
