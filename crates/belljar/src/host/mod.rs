//! The only way out of an engine: what the guest may ask of us, one file or folder for each capability.
//!
//! Every call does the same three things in the same order: charge the budget, check what was granted, act. Nothing here knows
//! WebAssembly: `engine::imports` binds these functions to a linker and hands them the guest's memory as bytes.

pub(crate) mod memory;
pub(crate) mod meter;
pub(crate) mod stop;
pub(crate) mod stopwatch;

pub(crate) mod files;
pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod random;
pub(crate) mod report;
pub(crate) mod time;
pub(crate) mod wasi;

use std::sync::Arc;
use std::time::Duration;

use crate::limits::Limits;
use files::{Channel, Files};
use input::Input;
use meter::Meter;
use output::Output;
use random::Random;
use report::Report;
use stopwatch::CpuTime;
use time::Time;

/// Our side of one session.
pub(crate) struct Host {
    pub(crate) meter: Meter,
    pub(crate) output: Output,
    pub(crate) input: Input,
    pub(crate) report: Report,
    pub(crate) time: Time,
    pub(crate) random: Random,
    pub(crate) files: Files,
    pub(crate) cpu: Arc<CpuTime>,
    /// Environment variables as the guest sees them, `NAME=value`, without NUL bytes.
    pub(crate) environment: Vec<String>,
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
            cpu: Arc::default(),
            environment: Vec::new(),
        }
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
