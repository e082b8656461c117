//! What is being done, how far it is and how long it took, in plain lines. What tools print goes to a log, whose end is shown when
//! one of them fails.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cache;

/// How much of the log is shown when a tool fails.
const TAIL_LINES: usize = 30;

/// The steps of one piece of work.
pub(crate) struct Progress {
    name: String,
    total: usize,
    done: std::cell::Cell<usize>,
    begun: Instant,
    log: PathBuf,
}

impl Progress {
    /// Begins work called `name` that has `total` steps; tools write to `log`, which starts empty.
    pub(crate) fn begin(name: &str, total: usize, log: &Path) -> Result<Self> {
        cache::write(log, "")?;
        Ok(Self {
            name: name.to_owned(),
            total,
            done: std::cell::Cell::new(0),
            begun: Instant::now(),
            log: log.to_owned(),
        })
    }

    /// Does one step and says so.
    pub(crate) fn step<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done.set(self.done.get() + 1);
        println!("{} ({}/{}) {what}", self.name, self.done.get(), self.total);
        let begun = Instant::now();
        let result = work().with_context(|| format!("{}: {what}", self.name))?;
        if begun.elapsed().as_secs() >= 2 {
            println!("{} ({}/{}) {what}: {:.0?}", self.name, self.done.get(), self.total, begun.elapsed());
        }
        Ok(result)
    }

    /// Says that everything is done.
    pub(crate) fn finish(&self, result: &str) {
        println!("{}: {result} in {:.1} s", self.name, self.begun.elapsed().as_secs_f64());
    }

    /// Runs a tool, its output going to the log.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        run_logged(command, &self.log)
    }
}

/// Runs a tool with its output appended to `log`. If it fails, the error holds the end of the log.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let open = || OpenOptions::new().create(true).append(true).open(log);
    let file = open().with_context(|| format!("opening {}", log.display()))?;
    let errors = file.try_clone().with_context(|| format!("opening {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .status()
        .with_context(|| format!("starting {program}"))?;
    if !status.success() {
        bail!("{program} failed ({status}); the end of {}:\n{}", log.display(), tail(log)?);
    }
    Ok(())
}

fn tail(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("reading {}", log.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}
