//! Runs CPython's own regression tests inside the jar and writes what became of every module as a table.

mod report;
mod suite;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use belljar::{Ended, Jar, Limits, MIB, Outcome, Request};
use clap::Parser;

use report::Module;

/// How often a module is run again without the case that stopped it.
const ROUNDS_MAX: usize = 40;

#[derive(Parser)]
#[command(about = "Runs CPython's own tests inside the jar")]
struct Arguments {
    /// CPython's `Lib` folder, of the version that the image has
    #[arg(long, value_name = "FOLDER")]
    lib: PathBuf,
    /// Modules to run, such as `test_json`; all when none is named
    modules: Vec<String>,
    /// Write the table to this file
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Fail unless every case of the modules named passes or is skipped by the tests themselves
    #[arg(long)]
    strict: bool,
    /// Wall time for one round of a module, in seconds
    #[arg(long, default_value_t = 180)]
    seconds: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let grants = suite::place(&arguments.lib)?;
    let names = if arguments.modules.is_empty() {
        suite::modules(&arguments.lib)?
    } else {
        arguments.modules.clone()
    };
    let limits = Limits {
        memory_bytes: 1024 * MIB,
        time_ms: arguments.seconds * 1000,
        cpu_ms: arguments.seconds * 1000,
        value_bytes: 4 * MIB,
        files_bytes: 512 * MIB,
        files_count: 100_000,
        host_calls: u64::MAX >> 1,
        ..Limits::default()
    };
    let jar = Jar::open("python")?.with_limits(limits)?.with_grants(grants);
    jar.warm()?;

    let modules = run_all(&jar, names);
    let passed = modules.iter().filter(|module| module.is_clean()).count();
    println!("{passed} of {} modules pass", modules.len());
    if let Some(path) = &arguments.table {
        let table = report::table(&modules, jar.image().version());
        std::fs::write(path, table).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if arguments.strict && passed < modules.len() {
        bail!("not every module passes");
    }
    Ok(())
}

/// Runs the modules on as many threads as there are processors.
fn run_all(jar: &Jar, names: Vec<String>) -> Vec<Module> {
    let total = names.len();
    let waiting = Mutex::new(VecDeque::from(names));
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = next(&waiting) {
                    let start = Instant::now();
                    let module = run_module(jar, &name);
                    let mut done = done.lock().expect("no thread panics while it holds this lock");
                    done.push(module);
                    let module = &done[done.len() - 1];
                    eprintln!(
                        "[{}/{total}] {} ({:.1} s)",
                        done.len(),
                        module.summary(),
                        start.elapsed().as_secs_f64()
                    );
                }
            });
        }
    });
    let mut modules = done.into_inner().expect("all threads have ended");
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    modules
}

fn next(waiting: &Mutex<VecDeque<String>>) -> Option<String> {
    waiting.lock().expect("no thread panics while it holds this lock").pop_front()
}

/// Runs one module, again and again without the case that stopped it, until it comes to its end.
fn run_module(jar: &Jar, name: &str) -> Module {
    let mut stopped: Vec<(String, String)> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let skip: Vec<&str> = stopped.iter().map(|(id, _)| id.as_str()).collect();
        let outcome = match round(jar, name, &skip) {
            Ok(outcome) => outcome,
            Err(error) => return Module::not_run(name, error.to_string()),
        };
        if let Some(json) = outcome.value.as_ref().and_then(|value| value.json.as_ref())
            && outcome.ended == Ended::Completed
        {
            return Module::read(name, json.get(), stopped);
        }
        match running_case(&outcome) {
            Some(id) if !skip.contains(&id.as_str()) => stopped.push((id, ending(&outcome))),
            _ => return Module::not_run(name, ending(&outcome)),
        }
    }
    Module::not_run(name, format!("more than {ROUNDS_MAX} cases stop the run"))
}

fn round(jar: &Jar, name: &str, skip: &[&str]) -> belljar::Result<Outcome> {
    let request = Request::new(include_str!("run_module.py"))
        .name("run_module.py")
        .input("module", serde_json::json!(name).to_string())
        .input("skip", serde_json::json!(skip).to_string());
    jar.run_blocking(request)
}

/// The case that was announced last.
fn running_case(outcome: &Outcome) -> Option<String> {
    let stderr = outcome.stderr.to_string();
    stderr.lines().rev().find_map(|line| line.strip_prefix("begins ")).map(str::to_owned)
}

fn ending(outcome: &Outcome) -> String {
    let error = outcome
        .error
        .as_ref()
        .map_or_else(String::new, |error| format!(": {}: {}", error.r#type, error.message));
    format!("{:?}{error}", outcome.ended).chars().take(200).collect()
}
