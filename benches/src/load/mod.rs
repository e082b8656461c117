//! Load: very many live sessions, and mixed work of many tenants at saturation while workers are killed. `cargo xtask load` runs it.
//!
//! `live` is the first, `mixed` the second: `tenants` ask for what `work` and `hostile` offer and count it in a `tally`, `reaper` kills, `log` hears why
//! workers were ended, `watch` looks at memory, `report` tells.

mod chance;
mod hostile;
mod live;
mod log;
mod mixed;
mod reaper;
mod report;
mod tally;
mod tenants;
mod watch;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use self::report::Report;

/// How much, and what of it.
#[derive(Args)]
pub(crate) struct LoadArgs {
    /// How many sessions live at once
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// The images that live sessions take turns to be of
    #[arg(long = "image", default_value = "python")]
    images: Vec<String>,
    /// How long mixed work goes on
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,
    /// Worker processes
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Milliseconds between two workers that are killed
    #[arg(long, default_value_t = 3000)]
    kill_ms: u64,
    /// Only this part
    #[arg(long)]
    only: Option<Part>,
    /// Also writes the report to this file
    #[arg(long)]
    report: Option<PathBuf>,
}

/// A part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Sessions that all live in workers
    Live,
    /// Sessions most of which rest in the parent
    Resting,
    /// Work of many tenants
    Mixed,
}

impl LoadArgs {
    /// How long mixed work goes on.
    fn lasts(&self) -> Result<Duration> {
        Duration::try_from_secs_f64(self.minutes * 60.0).context("--minutes cannot be a time")
    }

    fn check(&self) -> Result<()> {
        self.lasts()?;
        if self.sessions == 0 || self.workers == 0 || self.kill_ms == 0 {
            bail!("--sessions, --workers and --kill-ms must be at least 1");
        }
        Ok(())
    }
}

/// Loads the workers and tells what came of it. Fails when something did not hold.
pub(crate) fn load(args: &LoadArgs) -> Result<()> {
    args.check()?;
    log::keep()?;
    let mut report = Report::begin();
    let wants = |part| args.only.is_none_or(|only| only == part);
    if wants(Part::Live) {
        live::awake(args, &mut report)?;
    }
    if wants(Part::Resting) {
        live::resting(args, &mut report)?;
    }
    if wants(Part::Mixed) {
        mixed::mixed(args, &mut report)?;
    }
    let (text, broken) = report.end();
    if let Some(path) = &args.report {
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("what must hold did not:\n{}", broken.join("\n"))
}
