//! The only way out of an engine: what the guest may ask of us, one file or folder for each capability.
//!
//! Every call does the same three things in the same order: charge the budget, check what was granted, act. Nothing here knows
//! WebAssembly: `engine::imports` binds these functions to a linker and hands them the guest's memory as bytes.

pub(crate) mod bounded;
pub(crate) mod mapped;
pub(crate) mod memory;
pub(crate) mod meter;
pub(crate) mod stop;
pub(crate) mod stopwatch;

pub(crate) mod audit;
pub(crate) mod elsewhere;
pub(crate) mod files;
pub(crate) mod input;
pub(crate) mod net;
pub(crate) mod operations;
pub(crate) mod output;
pub(crate) mod paths;
pub(crate) mod random;
pub(crate) mod report;
pub(crate) mod secrets;
pub(crate) mod time;
pub(crate) mod tools;
pub(crate) mod wasi;

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::limits::Limits;
use crate::outcome::{File, FileChange, Outcome};
use audit::Audit;
use elsewhere::Elsewhere;
use files::{Channel, Files};
use input::Input;
use meter::Meter;
use net::Net;
use operations::{KeptOperations, Operations};
use output::Output;
use random::Random;
use report::Report;
use secrets::Secrets;
use stopwatch::CpuTime;
use time::Time;
use tools::Tools;

/// Our side of one session.
pub(crate) struct Host {
    pub(crate) meter: Meter,
    pub(crate) output: Output,
    pub(crate) input: Input,
    pub(crate) report: Report,
    pub(crate) time: Time,
    pub(crate) random: Random,
    pub(crate) files: Files,
    pub(crate) operations: Operations,
    pub(crate) net: Net,
    /// None when there are none: then nothing is searched for them.
    pub(crate) secrets: Option<Arc<Secrets>>,
    pub(crate) tools: Tools,
    pub(crate) audit: Audit,
    /// The process that serves what was granted, if it is not this one.
    pub(crate) elsewhere: Option<Arc<dyn Elsewhere>>,
    pub(crate) cpu: Arc<CpuTime>,
    /// Environment variables as the guest sees them, `NAME=value`, without NUL bytes.
    pub(crate) environment: Vec<String>,
}

/// Our side of a session between two runs, without what belongs to one run.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) files: Files,
    pub(crate) time: Time,
    /// The stream to go on with, in a session whose randomness follows from a seed; any other draws a new one.
    pub(crate) random: Option<Random>,
    pub(crate) environment: Vec<String>,
    /// What the files cost, and the operations that wait.
    pub(crate) held: u64,
    /// What the caller has yet to answer.
    pub(crate) operations: KeptOperations,
    /// The placeholders that the guest has.
    pub(crate) secrets: Option<Arc<Secrets>>,
}

impl Kept {
    /// Lists the files that there are now, in the place of those that a run left which is forgotten.
    pub(crate) fn list_files(&mut self, outcome: &mut Outcome) {
        let shown = |path: String| shown(self.secrets.as_ref(), path);
        let files = self.files.outputs().into_iter();
        outcome.files = files.map(|file| File { path: shown(file.path), ..file }).collect();
        let changes = self.files.changes_listed().into_iter();
        outcome.changes = changes.map(|change| FileChange { path: shown(change.path), ..change }).collect();
    }
}

impl Host {
    pub(crate) fn new(limits: &Limits, time: Time, random: Random, files: Files) -> Self {
        Self {
            meter: Meter::new(limits),
            output: Output::new(limits, None),
            input: Input::empty(),
            report: Report::new(limits),
            time,
            random,
            files,
            operations: Operations::default(),
            net: Net::default(),
            secrets: None,
            tools: Tools::default(),
            audit: Audit::default(),
            elsewhere: None,
            cpu: Arc::default(),
            environment: Vec::new(),
        }
    }

    /// `bytes` without the session's secrets.
    pub(crate) fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        without(self.secrets.as_ref(), bytes)
    }

    /// What stays between two runs.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            files: self.files.clone(),
            time: self.time.clone(),
            random: self.random.kept(),
            environment: self.environment.clone(),
            held: self.meter.held().saturating_sub(self.operations.held_by_others()),
            operations: self.operations.kept(),
            secrets: self.secrets.clone(),
        }
    }

    /// Our side of a session that goes on from what was kept.
    ///
    /// # Errors
    ///
    /// When the machine has no randomness to give.
    pub(crate) fn resume(limits: &Limits, kept: &Kept) -> Result<Self> {
        let random = kept.random.clone().map_or_else(Random::fresh, Ok)?;
        let mut host = Self::new(limits, kept.time.clone(), random, kept.files.clone());
        host.environment.clone_from(&kept.environment);
        host.meter.go_on(kept.held);
        host.secrets.clone_from(&kept.secrets);
        host.operations = Operations::resume(&kept.operations);
        Ok(host)
    }

    /// Whether the guest's descriptor `fd` is standard input.
    pub(crate) fn is_input(&mut self, fd: u32) -> bool {
        self.files.space().channel(fd) == Ok(Channel::Stdin)
    }

    /// CPU time that the current run has used.
    pub(crate) fn cpu_used(&self) -> Duration {
        self.cpu.used()
    }
}

pub(crate) fn without(secrets: Option<&Arc<Secrets>>, bytes: Vec<u8>) -> Vec<u8> {
    match secrets {
        Some(secrets) => secrets.scrub(bytes),
        None => bytes,
    }
}

/// Text without secrets.
pub(crate) fn shown(secrets: Option<&Arc<Secrets>>, text: String) -> String {
    let bytes = without(secrets, text.into_bytes());
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
