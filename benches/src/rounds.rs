//! Rounds: A B C, A B C. Whatever else the machine does in between meets all peers alike.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::Bench;
use crate::figure::{Program, programs};
use crate::peer::{Peer, PeerSpec};
use crate::protocol::Ask;
use crate::stats::{geometric_mean, median};

/// How much is measured.
pub(crate) struct Effort {
    rounds: usize,
    /// Time for one peer's part of a round.
    batch: Duration,
    /// Samples of a deadline in one peer's part of a round.
    stops: usize,
    /// What one peer may take for all rounds of one program before it is asked no more.
    patience: Duration,
}

impl Effort {
    pub(crate) fn new(quick: bool) -> Self {
        if quick {
            let (batch, patience) = (Duration::from_millis(40), Duration::from_millis(600));
            Self { rounds: 3, batch, stops: 3, patience }
        } else {
            let (batch, patience) = (Duration::from_millis(150), Duration::from_secs(6));
            Self { rounds: 10, batch, stops: 10, patience }
        }
    }
}

/// A batch has no more samples than this.
const BATCH_MAX: usize = 2000;

/// What one peer gave for one figure.
pub(crate) struct Row {
    pub(crate) who: String,
    pub(crate) must: bool,
    pub(crate) found: Found,
    pub(crate) note: String,
}

/// Numbers, or none.
pub(crate) enum Found {
    /// Nanoseconds.
    Samples(Vec<f64>),
    Bytes(f64),
    /// Times on the processor against the native peer: the mean, and each program.
    Ratios {
        mean: f64,
        programs: BTreeMap<String, f64>,
    },
    Nothing,
}

impl Row {
    fn nothing(spec: &PeerSpec, why: String) -> Self {
        Self { who: spec.name.clone(), must: spec.must, found: Found::Nothing, note: why }
    }

    fn new(who: &str, must: bool, found: Found, note: String) -> Self {
        Self { who: who.to_owned(), must, found, note }
    }
}

/// A peer that runs, with what it gave so far.
struct Runner<'a> {
    spec: &'a PeerSpec,
    peer: Peer,
    batch: usize,
    samples: Vec<f64>,
    failed: Option<String>,
}

/// Starts the peers of a language that offer this ask; the others have their row already.
fn runners<'a>(bench: &'a Bench, language: &str, ask: &str) -> (Vec<Runner<'a>>, Vec<Row>) {
    let (mut running, mut rows) = (Vec::new(), Vec::new());
    for spec in bench.setup.peers.iter().filter(|spec| spec.language == language) {
        if let Some(why) = &spec.missing {
            rows.push(Row::nothing(spec, why.clone()));
            continue;
        }
        match Peer::start(spec, &bench.logs) {
            Ok(peer) if peer.offers.iter().any(|offer| offer == ask) => {
                running.push(Runner { spec, peer, batch: 1, samples: Vec::new(), failed: None });
            }
            Ok(_) => {}
            Err(error) => rows.push(Row::nothing(spec, format!("does not start: {error:#}"))),
        }
    }
    (running, rows)
}

/// Many samples of one ask, of every peer of the language.
pub(crate) fn samples(bench: &Bench, language: &str, ask: &Ask) -> Vec<Row> {
    let (mut running, missing) = runners(bench, language, ask.name());
    for runner in &mut running {
        runner.warm_up(ask, &bench.effort);
    }
    for _ in 0..bench.effort.rounds {
        for runner in &mut running {
            runner.round(ask);
        }
    }
    let mut rows: Vec<Row> = running.into_iter().map(Runner::into_row).collect();
    rows.extend(missing);
    rows
}

impl Runner<'_> {
    /// Finds how many samples fit into a batch. What this gives is not kept.
    fn warm_up(&mut self, ask: &Ask, effort: &Effort) {
        for count in [1, 3] {
            let begun = Instant::now();
            if let Err(error) = self.peer.ask(&ask.times(count)) {
                self.failed = Some(format!("{error:#}"));
                return;
            }
            let each = begun.elapsed().as_nanos() / count as u128;
            let fit = usize::try_from(effort.batch.as_nanos() / each.max(1)).unwrap_or(BATCH_MAX);
            self.batch = fit.clamp(1, BATCH_MAX);
        }
        if matches!(ask, Ask::Stop { .. }) {
            self.batch = effort.stops;
        }
    }

    fn round(&mut self, ask: &Ask) {
        if self.failed.is_some() {
            return;
        }
        match self.peer.ask(&ask.times(self.batch)) {
            Ok(answer) => self.samples.extend(answer.ns.iter().map(|ns| *ns as f64)),
            Err(error) => self.failed = Some(format!("{error:#}")),
        }
    }

    fn into_row(self) -> Row {
        if let Some(error) = self.failed {
            return Row::nothing(self.spec, error);
        }
        let note = format!("{} samples", self.samples.len());
        Row::new(&self.spec.name, self.spec.must, Found::Samples(self.samples), note)
    }
}

/// Memory: every peer starts anew for this, since what it did before would count.
pub(crate) fn bytes(bench: &Bench, language: &str, ask: &Ask) -> Vec<Row> {
    let (running, missing) = runners(bench, language, ask.name());
    let mut rows: Vec<Row> = running
        .into_iter()
        .map(|mut runner| match runner.peer.ask(ask) {
            Ok(answer) => {
                let bytes = answer.bytes.unwrap_or_default() as f64;
                Row::new(&runner.spec.name, runner.spec.must, Found::Bytes(bytes), String::new())
            }
            Err(error) => Row::nothing(runner.spec, format!("{error:#}")),
        })
        .collect();
    rows.extend(missing);
    rows
}

/// Times on the processor of each program: medians, divided by those of the native peer.
pub(crate) fn ratios(bench: &Bench, language: &str) -> Result<Vec<Row>> {
    let programs = programs(&bench.programs.join(language))?;
    let (mut running, missing) = runners(bench, language, "cpu");
    let mut medians: Vec<BTreeMap<String, f64>> = vec![BTreeMap::new(); running.len()];
    let mut errors: Vec<Vec<String>> = vec![Vec::new(); running.len()];
    for program in &programs {
        eprintln!("  {}", program.name);
        for (at, found) in program_rounds(&bench.effort, &mut running, program).into_iter().enumerate() {
            match found {
                Ok(time) => {
                    medians[at].insert(program.name.clone(), time);
                }
                Err(error) => errors[at].push(format!("{}: {error}", program.name)),
            }
        }
    }
    let Some(native) = running.iter().position(|runner| runner.spec.native) else {
        bail!("no native {language} runs, so there is nothing to compare with");
    };
    let native = medians[native].clone();
    let mut rows: Vec<Row> = Vec::new();
    for ((runner, times), errors) in running.iter().zip(&medians).zip(&errors) {
        rows.push(ratio_row(runner.spec, times, &native, errors));
    }
    rows.extend(missing);
    Ok(rows)
}

/// The median time of one program for each peer, or why there is none.
fn program_rounds(effort: &Effort, running: &mut [Runner], program: &Program) -> Vec<Result<f64, String>> {
    let ask = Ask::Cpu { code: program.code.clone(), expect: program.expect.clone() };
    let mut times: Vec<Result<Vec<f64>, String>> = running.iter().map(|_| Ok(Vec::new())).collect();
    let mut spent = vec![Duration::ZERO; running.len()];
    for _ in 0..effort.rounds {
        for (at, runner) in running.iter_mut().enumerate() {
            if spent[at] > effort.patience || times[at].is_err() {
                continue;
            }
            let begun = Instant::now();
            match runner.peer.ask(&ask) {
                Ok(answer) => {
                    if let Ok(times) = &mut times[at] {
                        times.extend(answer.cpu_ns.iter().map(|ns| *ns as f64));
                    }
                }
                Err(error) => times[at] = Err(format!("{error:#}")),
            }
            spent[at] += begun.elapsed();
        }
    }
    times.into_iter().map(|times| median(&times?).ok_or_else(|| "no samples".to_owned())).collect()
}

fn ratio_row(
    spec: &PeerSpec,
    times: &BTreeMap<String, f64>,
    native: &BTreeMap<String, f64>,
    errors: &[String],
) -> Row {
    let ratio = |(name, time): (&String, &f64)| Some((name.clone(), time / native.get(name)?));
    let programs: BTreeMap<String, f64> = times.iter().filter_map(ratio).collect();
    let each: Vec<f64> = programs.values().copied().collect();
    let mut note = if errors.is_empty() {
        String::new()
    } else {
        format!("{} of {} programs; ", each.len(), native.len())
    };
    note += &errors.join("; ");
    let Some(mean) = geometric_mean(&each) else { return Row::nothing(spec, note) };
    let must = spec.must && !spec.subset && !errors.is_empty();
    Row::new(&spec.name, must, Found::Ratios { mean, programs }, note)
}
