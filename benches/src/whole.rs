//! Whole processes: from the command to its end.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Bench;
use crate::rounds::{Found, Row};

/// A command that prints a line and ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandSpec {
    /// What the table calls it.
    pub(crate) name: String,
    /// `python` or `javascript`.
    pub(crate) language: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// What it must print.
    pub(crate) expect: String,
}

/// Runs each command once a round.
pub(crate) fn processes(bench: &Bench, language: &str, rounds: usize) -> Vec<Row> {
    let specs = bench.setup.commands.iter().filter(|spec| spec.language == language);
    let mut all: Vec<(&CommandSpec, Result<Vec<f64>>)> = specs.map(|spec| (spec, Ok(Vec::new()))).collect();
    for round in 0..=rounds {
        for (spec, samples) in &mut all {
            let Ok(found) = samples else { continue };
            match run(spec) {
                // The first round only fills the system's caches.
                Ok(_) if round == 0 => {}
                Ok(ns) => found.push(ns),
                Err(error) => *samples = Err(error),
            }
        }
    }
    all.into_iter().map(|(spec, samples)| row(spec, samples)).collect()
}

fn row(spec: &CommandSpec, samples: Result<Vec<f64>>) -> Row {
    let (found, note) = match samples {
        Ok(samples) => {
            let note = format!("{} samples", samples.len());
            (Found::Samples(samples), note)
        }
        Err(error) => (Found::Nothing, format!("{error:#}")),
    };
    Row { who: spec.name.clone(), must: true, found, note }
}

fn run(spec: &CommandSpec) -> Result<f64> {
    let [program, arguments @ ..] = spec.command.as_slice() else { bail!("there is no command") };
    let begun = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {program}"))?;
    let took = begun.elapsed().as_nanos() as f64;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || printed.trim_end() != spec.expect {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("it printed {:?} and {:?} ({})", printed.trim_end(), errors.trim_end(), output.status);
    }
    Ok(took)
}
