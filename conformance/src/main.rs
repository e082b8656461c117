//! Runs the tests that the languages themselves bring inside the jar, and writes what became of each as a page.

mod javascript;
mod outcome;
mod python;
mod reasons;
mod report;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};

use outcome::Module;
use reasons::Reasons;
use report::Page;

#[derive(Parser)]
#[command(about = "Runs the languages' own tests inside the jar")]
struct Arguments {
    /// Whose tests
    language: Language,
    /// The folder with them: CPython's `Lib` of the version that the image has, or QuickJS-ng's `tests`
    tests: PathBuf,
    /// Modules to run, such as `test_json`; all when none is named
    modules: Vec<String>,
    /// Run the modules that the gate runs, and fail unless each passes whole
    #[arg(long)]
    gate: bool,
    /// Keep what became of each module in this folder, and do not run what is there already
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// Run it all the same
    #[arg(long)]
    again: bool,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// CPU time for one session, in seconds
    #[arg(long, value_name = "N", default_value_t = 120)]
    seconds: u64,
    /// Modules to run at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    Python,
    Javascript,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let modules = match arguments.language {
        Language::Python => run_python(&arguments),
        Language::Javascript => run_javascript(&arguments),
    }?;
    let failing = modules.iter().filter(|module| !module.is_clean()).count();
    if arguments.gate && failing > 0 {
        bail!("{failing} modules that must pass do not");
    }
    Ok(())
}

fn run_python(arguments: &Arguments) -> Result<Vec<Module>> {
    let tests = &arguments.tests;
    let names = arguments.names(&python::GATE, || python::modules(tests))?;
    let jar = python::jar(tests, arguments.seconds * 1000)?;
    jar.warm()?;
    let modules = run_all(arguments, names, |name| python::run(&jar, name))?;
    let page = Page {
        title: "CPython's own tests",
        introduction: &format!(
            "The modules of `Lib/test` of CPython {}, each run in sessions of its own inside the jar, without optional resources. \
             Made by `cargo xtask conformance`; do not edit.",
            jar.image().version()
        ),
        reasons: Reasons::read(include_str!("../reasons/python.txt")),
    };
    arguments.tell(&page, &modules)?;
    Ok(modules)
}

fn run_javascript(arguments: &Arguments) -> Result<Vec<Module>> {
    let tests = &arguments.tests;
    let names = arguments.names(&[], || javascript::modules(tests))?;
    let jar = javascript::jar(arguments.seconds * 1000)?;
    jar.warm()?;
    let modules = run_all(arguments, names, |name| javascript::run(&jar, tests, name))?;
    let page = Page {
        title: "QuickJS-ng's own tests",
        introduction: &format!(
            "The test programs in the sources of {}, each run in a session of its own inside the jar. \
             Made by `cargo xtask conformance`; do not edit.",
            jar.image().version()
        ),
        reasons: Reasons::read(include_str!("../reasons/javascript.txt")),
    };
    arguments.tell(&page, &modules)?;
    Ok(modules)
}

impl Arguments {
    fn names(&self, gate: &[&str], all: impl FnOnce() -> Result<Vec<String>>) -> Result<Vec<String>> {
        if self.gate {
            Ok(gate.iter().copied().map(String::from).collect())
        } else if self.modules.is_empty() {
            all()
        } else {
            Ok(self.modules.clone())
        }
    }

    fn tell(&self, page: &Page<'_>, modules: &[Module]) -> Result<()> {
        println!("{}", report::count(modules));
        let Some(path) = &self.page else { return Ok(()) };
        std::fs::write(path, report::page(page, modules))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Runs the modules, several at once, except those that are kept from an earlier time.
fn run_all(
    arguments: &Arguments,
    names: Vec<String>,
    run: impl Fn(&str) -> Module + Sync,
) -> Result<Vec<Module>> {
    let total = names.len();
    let mut done = Vec::new();
    let mut waiting = VecDeque::new();
    for name in names {
        let kept = arguments.results.as_deref().filter(|_| !arguments.again);
        match kept.and_then(|folder| Module::load(folder, &name)) {
            Some(module) => done.push(module),
            None => waiting.push_back(name),
        }
    }
    let (waiting, done) = (Mutex::new(waiting), Mutex::new(done));
    let lane = || -> Result<()> {
        while let Some(name) = next(&waiting) {
            let module = run(&name);
            if let Some(folder) = &arguments.results {
                module.keep(folder)?;
            }
            let mut done = done.lock().expect("no thread panics while it holds this lock");
            println!("({}/{total}) {} ({:.1} s)", done.len() + 1, module.summary(), module.time_s);
            done.push(module);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let mut modules = done.into_inner().expect("no thread panicked");
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(modules)
}

fn next(waiting: &Mutex<VecDeque<String>>) -> Option<String> {
    waiting.lock().expect("no thread panics while it holds this lock").pop_front()
}
