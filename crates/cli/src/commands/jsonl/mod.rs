//! `belljar run --jsonl`: requests and answers, one JSON object a line, with state kept in named sessions.
//!
//! The protocol is described in `docs/jsonl.md`. One thread reads requests; each session has a thread of its own, which serves what is
//! asked of it in order; answers are written as they come.

mod answer;
mod ask;
mod id;
mod line;
mod refusal;
mod session;

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::thread::JoinHandle;

use belljar::{CancelToken, Error, Image, Jar, Request, Runtime};

use self::answer::Answers;
use self::ask::{Ask, Run, Verb};
use self::id::Id;
use self::refusal::Refusal;
use self::session::{Job, Task, Worker};
use crate::exit::Failure;
use crate::limit_args::{Allowed, LimitArgs};

/// How many sessions may live at once, one-off runs included.
const SESSIONS_MAX: u32 = 256;

/// Serves requests from standard input until it ends, and what has begun by then to its end.
pub(crate) fn serve(engine: &str, args: &LimitArgs) -> Result<ExitCode, Failure> {
    let mut server = Server {
        runtime: Runtime::new(SESSIONS_MAX)?,
        engine: engine.to_owned(),
        allowed: args.allowed()?,
        jars: BTreeMap::new(),
        sessions: BTreeMap::new(),
        ending: Vec::new(),
        answers: Answers::new(),
    };
    let mut lines = line::Lines::new(io::stdin().lock());
    while let Some(line) =
        lines.next().map_err(|error| Failure::system("cannot read standard input", error))?
    {
        match line.map_err(Refusal::from).and_then(|text| ask::parse(&text)) {
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
    allowed: Allowed,
    jars: BTreeMap<String, Jar>,
    sessions: BTreeMap<String, Worker>,
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
        let streams = run.stream.then(|| self.answers.stream(id));
        if let Some(streams) = &streams {
            request = request.on_output(streams.sink());
        }
        let task = Task::Run { request: Box::new(request), token, streams };
        self.enqueue(id, run.session.as_deref(), run.engine.as_deref(), task)
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
            let worker = self.start(engine)?;
            self.answers.begin(id, job.task.token())?;
            worker.give(job)?;
            self.ending.push(worker.release());
            return Ok(());
        };
        if !self.sessions.contains_key(name) {
            let worker = self.start(engine)?;
            self.sessions.insert(name.to_owned(), worker);
        }
        let worker =
            self.sessions.get(name).ok_or_else(|| Error::Internal("a session was lost".to_owned()))?;
        if let Some(other) = engine.filter(|engine| *engine != worker.engine()) {
            let message = format!("session {name:?} runs {}, not {other}", worker.engine());
            return Err(Refusal::caller(message, "leave `engine` out, or use another session"));
        }
        self.answers.begin(id, job.task.token())?;
        worker.give(job).inspect_err(|_| self.answers.end(id))
    }

    fn start(&mut self, engine: Option<&str>) -> Result<Worker, Refusal> {
        let live = self.sessions.len() + self.ending.len();
        if live >= SESSIONS_MAX as usize {
            return Err(Error::Full { sessions_max: SESSIONS_MAX }.into());
        }
        let engine = engine.unwrap_or(&self.engine).to_owned();
        let jar = self.jar(&engine)?;
        Worker::start(engine, jar, self.answers.clone())
    }

    fn jar(&mut self, engine: &str) -> Result<Jar, Refusal> {
        if let Some(jar) = self.jars.get(engine) {
            return Ok(jar.clone());
        }
        let Allowed { limits, grants, policy, .. } = &self.allowed;
        if let Some(policy) = policy {
            policy.check_engine(engine)?;
        }
        let image = Image::open(&self.runtime, engine)?;
        let jar = Jar::new(image)?.with_limits(limits.clone())?.with_grants(grants.clone());
        self.jars.insert(engine.to_owned(), jar.clone());
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
        let Some(worker) = self.sessions.get(name) else {
            return Err(no_session(name));
        };
        self.answers.begin(id, None)?;
        worker.give(Job { id: id.clone(), task: Task::Close }).inspect_err(|_| self.answers.end(id))?;
        self.ending.extend(self.sessions.remove(name).map(Worker::release));
        Ok(())
    }

    /// Forgets threads that have nothing more to do.
    fn reap(&mut self) {
        self.ending.retain(|thread| !thread.is_finished());
    }

    fn finish(self) {
        let sessions: Vec<_> = self.sessions.into_values().map(Worker::release).collect();
        for thread in self.ending.into_iter().chain(sessions) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

fn no_session(name: &str) -> Refusal {
    Refusal::caller(format!("there is no session {name:?}"), "a session begins with its first run")
}
