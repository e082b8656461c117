//! `belljar repl`: a session to type into.

mod prompt;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use belljar::{
    Access, CancelToken, Completeness, Ended, Jar, Outcome, Request, Runtime, Session, SessionState,
};
use clap::Args;

use self::prompt::{Line, Prompt};
use crate::exit::{self, Failure};
use crate::interrupt::Interrupt;
use crate::jail_args::JailArgs;
use crate::limit_args::LimitArgs;
use crate::open::{self, DEFAULT_ENGINE};
use crate::package_args::PackageArgs;
use crate::render::{self, Screen};
use crate::snapshot_args::{Keeping, SnapshotArgs};

/// Which language to speak, and within which limits.
#[derive(Args)]
pub(crate) struct ReplArgs {
    /// The engine: python, javascript, microjs, or an image of your own
    #[arg(long, value_name = "ENGINE", default_value = DEFAULT_ENGINE)]
    engine: String,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    jail: JailArgs,
    #[command(flatten)]
    packages: PackageArgs,
    #[command(flatten)]
    snapshots: SnapshotArgs,
}

/// Reads code, runs it and shows what it gives, until there is no more or the code exits.
pub(crate) fn repl(args: &ReplArgs) -> Result<ExitCode, Failure> {
    let jail = args.jail.begin();
    // Room for two: a session that has ended is followed by another while the prompt still holds it.
    let runtime = Runtime::new(2)?;
    let allowed = open::allowed(&runtime, &args.engine, &args.limits)?;
    let packages = args.packages.wanted(allowed.policy.as_ref())?;
    let jail = jail.under(allowed.policy.as_ref())?;
    let jar = args.snapshots.prepare(open::jar(&runtime, &args.engine, allowed, &packages)?)?;
    let session = args.snapshots.session(&jar)?;
    let keeping = args.snapshots.keeping()?;
    let jail = jail.grants(jar.grants()).files(keeping.folder(), Access::Name);
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        jail.enter([&jar])?;
        return Talk::begin(jar, keeping)?.with_a_pipe(session);
    }
    let version = jar.image().version();
    let greeting = format!("{} ({version}) in a jar. Ctrl-C stops a run, Ctrl-D leaves.\n", args.engine);
    render::print(greeting.as_bytes())?;
    let prompt = Prompt::new(&args.engine, session)?;
    jail.terminal().files(prompt.history(), Access::Change).enter([&jar])?;
    Talk::begin(jar, keeping)?.with_a_person(prompt)
}

const NEW_SESSION: &str = "the session has ended, and what it knew is lost; this is a new one";

struct Talk {
    screen: Screen,
    interrupt: Interrupt,
    jar: Jar,
    keeping: Keeping,
}

impl Talk {
    fn begin(jar: Jar, keeping: Keeping) -> Result<Self, Failure> {
        Ok(Self { screen: Screen::new(), interrupt: Interrupt::listen()?, jar, keeping })
    }

    fn with_a_person(self, mut prompt: Prompt) -> Result<ExitCode, Failure> {
        loop {
            match prompt.read()? {
                Line::Code(code) => {
                    let outcome = self.run(prompt.session(), &code)?;
                    if outcome.ended == Ended::Exited {
                        self.keep(prompt.session())?;
                        return Ok(exit::of_outcome(&outcome));
                    }
                }
                Line::Nothing => {}
                Line::End => {
                    self.keep(prompt.session())?;
                    return Ok(ExitCode::SUCCESS);
                }
            }
            if prompt.session().is_closed() {
                prompt.renew(self.jar.session()?);
                render::note(NEW_SESSION);
            }
        }
    }

    fn with_a_pipe(self, mut session: Session) -> Result<ExitCode, Failure> {
        let (mut code, mut last) = (String::new(), ExitCode::SUCCESS);
        while let Some(whole) = read_piece(&session, &mut code)? {
            let outcome = self.run(&session, &whole)?;
            last = exit::of_outcome(&outcome);
            if outcome.ended == Ended::Exited {
                break;
            }
            if session.is_closed() {
                session = self.jar.session()?;
                render::note(NEW_SESSION);
            }
        }
        self.keep(&session)?;
        Ok(last)
    }

    /// Keeps the session where the command line says.
    fn keep(self, session: &Session) -> Result<(), Failure> {
        if !self.keeping.keep(session)? {
            render::note("the session has ended, and was not saved");
        }
        Ok(())
    }

    /// Runs code that was typed, and shows its value or its error.
    fn run(&self, session: &Session, code: &str) -> Result<Outcome, Failure> {
        let token = CancelToken::new();
        let request = Request::new(code).cancel_with(&token).on_output(self.screen.sink(&token));
        self.interrupt.aim(&token);
        let outcome = session.run_blocking(request);
        self.interrupt.release();
        let outcome = outcome?;
        self.screen.finish()?;
        if !is_nothing(&outcome) {
            self.screen.value(&outcome)?;
        }
        self.screen.ending(&outcome)?;
        if outcome.session == SessionState::RolledBack {
            render::note("the session is as it was before this run");
        }
        Ok(outcome)
    }
}

/// Reads lines until they can be run, or there are no more.
fn read_piece(session: &Session, code: &mut String) -> Result<Option<String>, Failure> {
    loop {
        let length = code.len();
        let read = io::stdin().read_line(code);
        read.map_err(|error| Failure::system("cannot read standard input", error))?;
        let ended = code.len() == length;
        let blank = code.trim().is_empty();
        if ended && blank {
            return Ok(None);
        }
        if ended || !blank && session.check_blocking(code)? != Completeness::Incomplete {
            return Ok(Some(std::mem::take(code)));
        }
    }
}

/// A value that says that there is none.
fn is_nothing(outcome: &Outcome) -> bool {
    outcome.value.as_ref().is_none_or(|value| matches!(value.r#type.as_str(), "undefined" | "NoneType"))
}
