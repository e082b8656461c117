//! `belljar run`: runs one program, or serves requests as JSON lines.

mod review;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use belljar::{Access, CancelToken, Ended, Error, Outcome, Policy, Request};
use clap::{ArgGroup, Args};

use self::review::ReviewArgs;
use crate::commands::jsonl;
use crate::exit::{self, Failure};
use crate::interrupt::Interrupt;
use crate::jail_args::JailArgs;
use crate::limit_args::LimitArgs;
use crate::open::{self, DEFAULT_ENGINE};
use crate::package_args::{PackageArgs, Wanted};
use crate::render::{self, Screen};
use crate::snapshot_args::SnapshotArgs;
use crate::source::Source;
use crate::tool_args::{self, ToolArgs};

/// What to run, and with what.
#[derive(Args)]
#[command(group(ArgGroup::new("program").required(true).multiple(true).args(["file", "code", "jsonl", "answer", "answer_error"])))]
pub(crate) struct RunArgs {
    /// The program: a file whose extension says which engine runs it, or - to read it from standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["code", "jsonl", "answer", "answer_error"])]
    file: Option<PathBuf>,
    /// Run this code
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true, conflicts_with_all = ["jsonl", "answer", "answer_error"])]
    code: Option<String>,
    /// The engine: python, javascript, microjs, or an image of your own [default: by extension, else python]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    jail: JailArgs,
    #[command(flatten)]
    packages: PackageArgs,
    /// Do not fetch what a script asks for by itself (in a comment `# /// script`)
    #[arg(long, help_heading = "Packages")]
    no_script_packages: bool,
    #[command(flatten)]
    snapshots: SnapshotArgs,
    #[command(flatten)]
    tools: ToolArgs,
    /// Set an environment variable of the program; without a value, to what it is here (nothing is passed on by itself)
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Set a global of the program to a value
    #[arg(long, value_name = "NAME=JSON")]
    input: Vec<String>,
    /// Pass standard input on to the program (otherwise it finds it empty)
    #[arg(long)]
    stdin: bool,
    /// Print the value of the last expression when the program has ended
    #[arg(short, long, conflicts_with_all = ["json", "jsonl"])]
    print_value: bool,
    /// Print nothing but the outcome, as JSON (`belljar schema`)
    #[arg(long)]
    json: bool,
    /// Serve requests from standard input, one JSON object a line (`docs/jsonl.md`)
    #[arg(long, conflicts_with_all = ["env", "input", "stdin", "json", "arguments", "diff", "apply", "save_output", "resume", "save", "answer", "answer_error"])]
    jsonl: bool,
    /// Serve with so many jailed worker processes, which are replaced when they die, instead of in this process
    #[arg(long, value_name = "COUNT", requires = "jsonl", conflicts_with = "no_jail", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jail")]
    workers: Option<u16>,
    #[command(flatten)]
    review: ReviewArgs,
    /// Arguments of the program
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Runs what was asked for.
pub(crate) fn run(args: RunArgs) -> Result<ExitCode, Failure> {
    if args.jsonl {
        return serve(&args);
    }
    if args.workers.is_some() {
        // The parser lets this pass where something that --jsonl excludes is given.
        let hint = "one program is run in this process, which is jailed; write --jsonl to serve requests";
        return Err(Failure::usage("--workers is for --jsonl", hint));
    }
    let jail = args.jail.begin();
    let source = source(&args)?;
    let engine = args.engine.as_deref().or(source.engine).unwrap_or(DEFAULT_ENGINE);
    let runtime = open::single()?;
    let mut allowed = open::allowed(&runtime, engine, &args.limits)?;
    allowed.grants = args.tools.add_to(allowed.grants)?;
    args.review.check(allowed.grants.mounts(), args.stdin)?;
    let jail = jail.under(allowed.policy.as_ref())?;
    let packages = packages(&args, &source, allowed.policy.as_ref())?;
    let token = CancelToken::new();
    let screen = Screen::new();
    let mut request = request(&args, source.code, source.name)?.cancel_with(&token);
    if !args.json {
        request = request.on_output(screen.sink(&token));
    }
    let jar = args.snapshots.prepare(open::jar(&runtime, engine, allowed, &packages)?)?;
    let session = args.snapshots.session(&jar)?;
    let keeping = args.snapshots.keeping()?;
    let jail = jail.grants(jar.grants()).files(keeping.folder(), Access::Name);
    args.review.open(jail, jar.grants()).enter([&jar])?;
    let interrupt = Interrupt::listen()?;
    interrupt.aim(&token);
    let outcome = if args.snapshots.are_given() {
        session.run_blocking(request)?
    } else {
        session.run_last_blocking(request)?
    };
    interrupt.release();
    screen.finish()?;
    show(&args, &screen, &outcome)?;
    // What is applied is known to the session, and so to what is kept of it.
    let reviewed = args.review.review(&session, &outcome, &screen, args.json);
    if !keeping.keep(&session)? {
        render::note("the session has ended, and was not saved");
    }
    let all_done = reviewed?;
    if outcome.ended == Ended::Suspended && !args.json {
        tool_args::show_pending(&outcome, args.snapshots.kept_in());
    }
    Ok(if all_done { exit::of_outcome(&outcome) } else { ExitCode::from(exit::NOT_RUN) })
}

/// Serves requests from standard input.
fn serve(args: &RunArgs) -> Result<ExitCode, Failure> {
    let wall = args.jail.wall(args.workers);
    let mut allowed = args.limits.allowed()?;
    allowed.grants = args.tools.add_to(allowed.grants)?;
    let packages = args.packages.wanted(allowed.policy.as_ref())?;
    let engine = args.engine.as_deref().unwrap_or(DEFAULT_ENGINE);
    jsonl::serve(engine, allowed, &packages, &args.snapshots, wall)
}

fn source(args: &RunArgs) -> Result<Source, Failure> {
    match (&args.code, &args.file) {
        (Some(code), _) => Ok(Source::from_argument(code)),
        (None, Some(file)) if file == Path::new("-") && args.stdin => Err(Failure::usage(
            "standard input cannot be both the program and what the program reads",
            "put the program into a file, or give it with -c",
        )),
        (None, Some(file)) if file == Path::new("-") => Source::from_stdin(),
        (None, Some(file)) => Source::from_file(file, args.engine.is_some()),
        // The parser has made sure that there are answers.
        (None, None) => Ok(Source::from_argument("")),
    }
}

/// The packages that were named, and those that a script of the machine asks for. Code from elsewhere gets none by asking.
fn packages(args: &RunArgs, source: &Source, policy: Option<&Policy>) -> Result<Wanted, Failure> {
    let mut wanted = args.packages.wanted(policy)?;
    if source.is_python_file() && !args.no_script_packages {
        wanted = wanted.by_script(&source.code, policy)?;
    }
    Ok(wanted)
}

fn request(args: &RunArgs, code: String, name: Option<String>) -> Result<Request, Failure> {
    if let Some(answers) = args.tools.answers()? {
        return Ok(Request::answers(answers));
    }
    let mut request = Request::new(code).arguments(args.arguments.iter().cloned());
    if let Some(name) = name {
        request = request.name(name);
    }
    for variable in &args.env {
        let (name, value) = environment(variable)?;
        request = request.environment(name, value);
    }
    let mut seen = BTreeSet::new();
    for input in &args.input {
        let (name, json) = input.split_once('=').ok_or_else(|| {
            Failure::usage(
                format!("--input {input} has no value"),
                "write --input NAME=JSON, for example --input 'rows=[1, 2]'",
            )
        })?;
        if !seen.insert(name) {
            return Err(Failure::usage(format!("--input {name} is given twice"), "give it once"));
        }
        request = request.input(name, json);
    }
    if args.stdin {
        request = request.stdin(std::io::stdin());
    }
    Ok(request)
}

/// `NAME=VALUE` as it is; `NAME` with the value that it has here.
fn environment(variable: &str) -> Result<(&str, String), Failure> {
    let (name, value) = match variable.split_once('=') {
        Some((name, value)) => (name, Ok(value.to_owned())),
        None => (variable, std::env::var(variable)),
    };
    if name.is_empty() {
        return Err(Failure::usage(format!("--env {variable} has no name"), "write --env NAME=VALUE"));
    }
    match value {
        Ok(value) => Ok((name, value)),
        Err(std::env::VarError::NotPresent) => Err(Failure::usage(
            format!("--env {name}: there is no such variable here"),
            format!("set it first, or write --env {name}=VALUE"),
        )),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(
            format!("--env {name}: its value here is not UTF-8"),
            format!("write --env {name}=VALUE"),
        )),
    }
}

fn show(args: &RunArgs, screen: &Screen, outcome: &Outcome) -> Result<(), Failure> {
    if args.json {
        let json = serde_json::to_string(outcome).map_err(|error| Error::Internal(error.to_string()))?;
        return render::print(format!("{json}\n").as_bytes());
    }
    if args.print_value {
        screen.value(outcome)?;
    }
    screen.ending(outcome)
}
