//! `cargo xtask conformance`: the languages' own tests, run inside the jar, and the pages about them in `docs/`.
//!
//! What became of each module is kept in the cache as it comes, for as long as engine and runner stay what they are: a run of hours can be
//! interrupted and goes on where it stopped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cache::{self, Cache, Key};
use crate::setup::{cargo, target_folder};
use crate::{engines, tree};

/// Which tests to run.
#[derive(Args)]
pub(crate) struct ConformanceArgs {
    /// Test modules of Python, such as test_json, or test programs of JavaScript, such as test_builtin.js; all of both when none is named
    names: Vec<String>,
    /// CPU time for one session, in seconds
    #[arg(long, value_name = "N", default_value_t = 120)]
    seconds: u64,
    /// Modules to run at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Run again what has been run before: after a change of the host
    #[arg(long)]
    again: bool,
}

/// One language's tests.
struct Suite {
    engine: &'static str,
    /// The page that tells of a whole run.
    page: &'static str,
    /// Whether a name is one of its tests'.
    has: fn(&str) -> bool,
}

const SUITES: [Suite; 2] = [
    Suite { engine: "python", page: "docs/conformance-python.md", has: |name| !is_javascript(name) },
    Suite { engine: "javascript", page: "docs/conformance-javascript.md", has: is_javascript },
];

fn is_javascript(name: &str) -> bool {
    name.ends_with(".js")
}

/// Runs the tests named, or all of them, and then writes the pages.
pub(crate) fn conformance(args: &ConformanceArgs) -> Result<()> {
    let cache = Cache::open()?;
    let program = build()?;
    for suite in &SUITES {
        let names: Vec<&str> =
            args.names.iter().map(String::as_str).filter(|name| (suite.has)(name)).collect();
        if names.is_empty() && !args.names.is_empty() {
            continue;
        }
        let mut command = suite.command(&program, &cache)?;
        command.args(&names).arg("--results").arg(suite.results(&cache)?);
        command.args(args.again.then_some("--again"));
        command.arg("--seconds").arg(args.seconds.to_string()).arg("--jobs").arg(args.jobs.to_string());
        if names.is_empty() {
            command.arg("--page").arg(tree::root().join(suite.page));
        }
        run(&mut command)?;
    }
    Ok(())
}

/// Runs the tests of Python that must pass whole. `cargo xtask test` does, too.
pub(crate) fn gate() -> Result<()> {
    let cache = Cache::open()?;
    let python = &SUITES[0];
    run(python.command(&build()?, &cache)?.arg("--gate"))
}

impl Suite {
    fn command(&self, program: &Path, cache: &Cache) -> Result<Command> {
        let mut command = Command::new(program);
        command.arg(self.engine).arg(engines::tests(cache, self.engine)?);
        Ok(command)
    }

    /// Where results are kept: a place of their own for each state of the engine and of what runs inside it. A change of the host does not
    /// show in it.
    fn results(&self, cache: &Cache) -> Result<PathBuf> {
        let mut key = Key::new();
        key.part("engine", &cache::read(&engines::engine(cache, self.engine)?.join("engine.json"))?);
        key.folder(&tree::root().join("conformance/src").join(self.engine))?;
        Ok(cache.root().join("conformance").join(format!("{}-{}", self.engine, key.finish())))
    }
}

fn build() -> Result<PathBuf> {
    cargo(&["build", "--release", "--locked", "--package", "belljar-conformance"])?;
    Ok(target_folder().join("release/belljar-conformance"))
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("starting {program}"))?;
    if status.success() { Ok(()) } else { bail!("{program} failed ({status})") }
}
