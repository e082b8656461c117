//! `belljar run --jsonl`: requests and answers, one JSON object a line, with state kept in named sessions.
//!
//! The protocol is described in `docs/jsonl.md`. One thread reads requests; each session has a thread of its own, which serves what is
//! asked of it in order; answers are written as they come.

mod answer;
mod ask;
#[cfg(any(fuzzing, test))]
mod fuzzing;
mod id;
mod line;
mod listen;
mod refusal;
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use belljar::{
    CancelToken, Error, Grants, Image, Jar, Language, Mount, Request, Runtime, SnapshotKey, Workers,
};

use self::answer::Answers;
use self::ask::{Answered, Ask, Resume, Run, Verb};
use self::id::Id;
use self::refusal::Refusal;
use self::session::{Attendant, Beginning, Job, Task};
use crate::exit::Failure;
use crate::jail_args::Wall;
use crate::limit_args::Allowed;
use crate::open;
use crate::package_args::Wanted;
use crate::snapshot_args::SnapshotArgs;

/// How many sessions may live at once, one-off runs included.
const SESSIONS_MAX: u32 = 256;

/// Serves requests from standard input until it ends, or until the process is asked to end (SIGTERM), and what has begun by then to its end.
pub(crate) fn serve(
    engine: &str,
    allowed: Allowed,
    packages: &Wanted,
    snapshots: &SnapshotArgs,
    wall: Wall,
) -> Result<ExitCode, Failure> {
    let wall = wall.under(allowed.policy.as_ref())?;
    let runtime = Runtime::new(SESSIONS_MAX)?;
    let packages = open::packages(&runtime, engine, allowed.policy.as_ref(), packages)?;
    let mut server = Server {
        runtime,
        engine: engine.to_owned(),
        packages,
        allowed,
        workers: None,
        key: snapshots.key_if_any()?,
        jars: BTreeMap::new(),
        sessions: BTreeMap::new(),
        ending: Vec::new(),
        answers: Answers::new(),
    };
    match wall {
        Wall::Workers(workers) => server.workers = Some(workers.sessions_max(SESSIONS_MAX).build()),
        Wall::Jail(jail) if jail.is_wanted() => {
            server.open_all();
            let jars = || server.jars.values().flatten();
            jars().fold(jail, |jail, jar| jail.grants(jar.grants())).enter(jars())?;
        }
        Wall::Jail(_) => {}
    }
    for line in listen::lines()? {
        match line?.map_err(Refusal::from).and_then(|text| ask::parse(&text)) {
            Ok(Some(ask)) => server.serve(ask),
            Ok(None) => {}
            Err(refusal) => server.answers.refuse(refusal.id.as_ref(), &refusal),
        }
    }
    server.finish();
    Ok(ExitCode::SUCCESS)
}

/// What the reading thread knows.
struct Server {
    runtime: Runtime,
    /// The engine of requests that name none.
    engine: String,
    /// What sessions of Python are shown besides.
    packages: Option<Mount>,
    allowed: Allowed,
    /// The processes in which code runs. None if that is this one.
    workers: Option<Workers>,
    /// What snapshots are signed with. None where there can be no key.
    key: Option<SnapshotKey>,
    /// Jars by engine, and why some cannot be had.
    jars: BTreeMap<String, Result<Jar, Refusal>>,
    sessions: BTreeMap<String, Attendant>,
    /// Threads that end by themselves: one-off runs, and sessions that were closed.
    ending: Vec<JoinHandle<()>>,
    answers: Answers,
}

impl Server {
    fn serve(&mut self, ask: Ask) {
        let Ask { id, verb } = ask;
        let served = match verb {
            Verb::Cancel { run } => self.cancel(&id, &run),
            Verb::Close { session } => self.close(&id, &session),
            Verb::Run(run) => self.run(&id, *run),
            Verb::Complete { session, code, cursor } => {
                let cursor = cursor.unwrap_or(code.len());
                self.enqueue(&id, Some(&session), None, Task::Complete { code, cursor })
            }
            Verb::Diff { session, path } => self.ask_session(&id, &session, Task::Diff { path }),
            Verb::Resume(resume) => self.resume(&id, *resume),
            Verb::Save { session } => self.ask_session(&id, &session, Task::Save),
            Verb::Restore { session, engine, snapshot } => {
                self.restore(&id, session, engine.as_deref(), &snapshot)
            }
            Verb::Fork { session, into } => self.fork(&id, &session, into),
            Verb::Check { session, engine, code } => {
                self.enqueue(&id, session.as_deref(), engine.as_deref(), Task::Check { code })
            }
        };
        if let Err(refusal) = served {
            self.answers.refuse(Some(&id), &refusal);
        }
    }

    fn run(&mut self, id: &Id, run: Run) -> Result<(), Refusal> {
        let token = CancelToken::new();
        let mut request = Request::new(run.code).arguments(run.arguments).cancel_with(&token);
        if let Some(name) = run.name {
            request = request.name(name);
        }
        if let Some(limits) = run.limits {
            request = request.limits(ask::narrowed(&self.allowed.limits, limits)?);
        }
        if let Some(stdin) = run.stdin {
            request = request.stdin(io::Cursor::new(stdin.into_bytes()));
        }
        for (name, value) in run.environment {
            request = request.environment(name, value);
        }
        for (name, value) in run.inputs {
            request = request.input(name, value.get());
        }
        let task = self.task(id, request, token, run.stream);
        self.enqueue(id, run.session.as_deref(), run.engine.as_deref(), task)
    }

    /// Goes on with a suspended run.
    fn resume(&mut self, id: &Id, resume: Resume) -> Result<(), Refusal> {
        let answers = resume.answers.into_iter().map(Answered::read).collect::<Result<Vec<_>, _>>()?;
        let token = CancelToken::new();
        let mut request = Request::answers(answers).cancel_with(&token);
        if let Some(limits) = resume.limits {
            request = request.limits(ask::narrowed(&self.allowed.limits, limits)?);
        }
        let task = self.task(id, request, token, resume.stream);
        self.ask_session(id, &resume.session, task)
    }

    fn task(&self, id: &Id, mut request: Request, token: CancelToken, stream: bool) -> Task {
        let streams = stream.then(|| self.answers.stream(id));
        if let Some(streams) = &streams {
            request = request.on_output(streams.sink());
        }
        Task::Run { request: Box::new(request), token, streams }
    }

    /// A session begins from a snapshot.
    fn restore(
        &mut self,
        id: &Id,
        session: String,
        engine: Option<&str>,
        snapshot: &str,
    ) -> Result<(), Refusal> {
        self.check_free(&session)?;
        let snapshot = BASE64_STANDARD.decode(snapshot).map_err(|error| {
            Refusal::caller(format!("the snapshot is not base64: {error}"), "give it back as `save` gave it")
        })?;
        self.answers.begin(id, None)?;
        let attendant = self.start(engine, Beginning::Snapshot(id.clone(), snapshot));
        self.sessions.insert(session, attendant.inspect_err(|_| self.answers.end(id))?);
        Ok(())
    }

    /// Sessions that begin as copies of another, when what was asked of that before is done.
    fn fork(&mut self, id: &Id, session: &str, into: Vec<String>) -> Result<(), Refusal> {
        let engine = self.sessions.get(session).ok_or_else(|| no_session(session))?.engine().to_owned();
        let names: BTreeSet<&String> = into.iter().collect();
        if names.len() < into.len() {
            return Err(Refusal::caller("a session is forked twice into one name", "give each copy a name"));
        }
        into.iter().try_for_each(|name| self.check_free(name))?;
        let (mut copies, mut attendants) = (Vec::new(), Vec::new());
        for name in into {
            let (sender, copy) = sync_channel(1);
            let attendant = self.start_beside(&engine, Beginning::Fork(copy), attendants.len())?;
            copies.push(sender);
            attendants.push((name, attendant));
        }
        self.enqueue(id, Some(session), None, Task::Fork { into: copies })?;
        self.sessions.extend(attendants);
        Ok(())
    }

    fn check_free(&self, name: &str) -> Result<(), Refusal> {
        if self.sessions.contains_key(name) {
            let message = format!("there is a session {name:?} already");
            return Err(Refusal::caller(message, "close it first, or use another name"));
        }
        Ok(())
    }

    /// Hands a task to the thread of its session, which is started if there is none.
    fn enqueue(
        &mut self,
        id: &Id,
        session: Option<&str>,
        engine: Option<&str>,
        task: Task,
    ) -> Result<(), Refusal> {
        self.reap();
        let job = Job { id: id.clone(), task };
        let Some(name) = session else {
            let attendant = self.start(engine, Beginning::New)?;
            self.answers.begin(id, job.task.token())?;
            attendant.give(job)?;
            self.ending.push(attendant.release());
            return Ok(());
        };
        if !self.sessions.contains_key(name) {
            let attendant = self.start(engine, Beginning::New)?;
            self.sessions.insert(name.to_owned(), attendant);
        }
        let attendant =
            self.sessions.get(name).ok_or_else(|| Error::Internal("a session was lost".to_owned()))?;
        if let Some(other) = engine.filter(|engine| *engine != attendant.engine()) {
            let message = format!("session {name:?} runs {}, not {other}", attendant.engine());
            return Err(Refusal::caller(message, "leave `engine` out, or use another session"));
        }
        self.answers.begin(id, job.task.token())?;
        attendant.give(job).inspect_err(|_| self.answers.end(id))
    }

    fn start(&mut self, engine: Option<&str>, beginning: Beginning) -> Result<Attendant, Refusal> {
        let engine = engine.unwrap_or(&self.engine).to_owned();
        self.start_beside(&engine, beginning, 0)
    }

    /// Starts a session, beside `others` that are not counted yet.
    fn start_beside(
        &mut self,
        engine: &str,
        beginning: Beginning,
        others: usize,
    ) -> Result<Attendant, Refusal> {
        self.reap();
        let live = self.sessions.len() + self.ending.len() + others;
        if live >= SESSIONS_MAX as usize {
            return Err(Error::Full { sessions_max: SESSIONS_MAX }.into());
        }
        let jar = self.jar(engine)?;
        Attendant::start(engine.to_owned(), jar, self.answers.clone(), beginning)
    }

    /// Makes the jars of all images that are installed: once there is a jail, none can be opened.
    fn open_all(&mut self) {
        for engine in Image::installed(&self.runtime) {
            let jar = self.open(&engine).and_then(|jar| Ok(jar.warm().map(|()| jar)?));
            self.jars.insert(engine, jar);
        }
    }

    fn jar(&mut self, engine: &str) -> Result<Jar, Refusal> {
        if let Some(jar) = self.jars.get(engine) {
            return jar.clone();
        }
        let jar = self.open(engine)?;
        self.jars.insert(engine.to_owned(), Ok(jar.clone()));
        Ok(jar)
    }

    fn open(&self, engine: &str) -> Result<Jar, Refusal> {
        let Allowed { limits, grants, policy, .. } = &self.allowed;
        if let Some(policy) = policy {
            policy.check_engine(engine)?;
        }
        let image = Image::open(&self.runtime, engine)?;
        let own = image.language() == Language::Python && image.packages().is_empty();
        let packages = self.packages.iter().filter(|_| own).cloned();
        let grants = packages.fold(grants.clone(), Grants::mount);
        let mut jar = Jar::new(image)?.with_limits(limits.clone())?.with_grants(grants);
        if let Some(key) = &self.key {
            jar = jar.with_snapshot_key(key.clone());
        }
        if let Some(workers) = &self.workers {
            jar = jar.in_workers(workers)?;
        }
        Ok(jar)
    }

    fn cancel(&mut self, id: &Id, run: &Id) -> Result<(), Refusal> {
        if !self.answers.cancel(run) {
            let message = format!("no run with the id {} is going on or waiting", run.get());
            return Err(Refusal::caller(message, "a run that was answered is over"));
        }
        self.answers.done(id);
        Ok(())
    }

    /// Hands a task to a session that must be there.
    fn ask_session(&mut self, id: &Id, name: &str, task: Task) -> Result<(), Refusal> {
        if !self.sessions.contains_key(name) {
            return Err(no_session(name));
        }
        self.enqueue(id, Some(name), None, task)
    }

    /// The session ends when what was asked of it before is done. Its name is free at once.
    fn close(&mut self, id: &Id, name: &str) -> Result<(), Refusal> {
        let Some(attendant) = self.sessions.get(name) else {
            return Err(no_session(name));
        };
        self.answers.begin(id, None)?;
        attendant.give(Job { id: id.clone(), task: Task::Close }).inspect_err(|_| self.answers.end(id))?;
        self.ending.extend(self.sessions.remove(name).map(Attendant::release));
        Ok(())
    }

    /// Forgets threads that have nothing more to do.
    fn reap(&mut self) {
        self.ending.retain(|thread| !thread.is_finished());
    }

    fn finish(self) {
        let sessions: Vec<_> = self.sessions.into_values().map(Attendant::release).collect();
        for thread in self.ending.into_iter().chain(sessions) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

fn no_session(name: &str) -> Refusal {
    Refusal::caller(format!("there is no session {name:?}"), "a session begins with its first run")
}
