//! The one budget of a session: linear memory and host memory together, and the number of host calls.

use super::stop::Stop;
use crate::limits::Limits;

/// Counts what a session uses, against its limits.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_max: u64,
    linear: u64,
    held: u64,
    peak: u64,
    refused: bool,
    calls: u64,
    calls_max: u64,
}

/// There is no room for that in the session's memory limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_max: limits.memory_bytes,
            linear: 0,
            held: 0,
            peak: 0,
            refused: false,
            calls: 0,
            calls_max: limits.host_calls,
        }
    }

    /// A meter over what is left, for work that is done for the session but not in it.
    pub(crate) fn rest(&self) -> Self {
        let memory_max = self.memory_max.saturating_sub(self.linear + self.held);
        Self { memory_max, linear: 0, held: 0, peak: 0, refused: false, calls: 0, calls_max: 0 }
    }

    /// Counts what that work has used at most.
    pub(crate) fn saw(&mut self, rest: &Self) {
        self.peak = self.peak.max(self.linear + self.held + rest.peak);
    }

    /// Begins a run: calls are counted anew, and memory goes on, within what this run may have.
    pub(crate) fn begin_run(&mut self, limits: &Limits) {
        self.calls = 0;
        self.calls_max = limits.host_calls;
        self.memory_max = limits.memory_bytes;
        self.refused = false;
        self.peak = self.linear + self.held;
    }

    /// What the host keeps for the guest. Between two runs that is what lies in its files.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// The session goes on in a new instance, for which the host keeps `held`.
    pub(crate) fn go_on(&mut self, held: u64) {
        (self.linear, self.held) = (0, held);
    }

    /// Counts a call of the host.
    pub(crate) fn call(&mut self) -> Result<(), Stop> {
        self.calls += 1;
        if self.calls > self.calls_max { Err(Stop::HostCalls) } else { Ok(()) }
    }

    /// Linear memory wants to be `bytes` large in all.
    pub(crate) fn grow_linear(&mut self, bytes: u64) -> Result<(), NoRoom> {
        self.check(bytes.saturating_add(self.held))?;
        self.linear = bytes;
        self.peak = self.peak.max(self.linear + self.held);
        Ok(())
    }

    /// The host wants to keep `bytes` more for the guest.
    pub(crate) fn hold(&mut self, bytes: u64) -> Result<(), NoRoom> {
        self.check(self.linear.saturating_add(self.held).saturating_add(bytes))?;
        self.held += bytes;
        self.peak = self.peak.max(self.linear + self.held);
        Ok(())
    }

    /// The host keeps `bytes` more of something that has a limit of its own: output and results, which must come through when the memory
    /// is used up. They count, so that nothing else gets their place.
    pub(crate) fn keep(&mut self, bytes: u64) {
        self.held += bytes;
        self.peak = self.peak.max(self.linear + self.held);
    }

    /// The host keeps `bytes` less.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
    }

    fn check(&mut self, total: u64) -> Result<(), NoRoom> {
        if total <= self.memory_max {
            return Ok(());
        }
        self.refused = true;
        Err(NoRoom)
    }

    /// Whether memory was refused in this run.
    pub(crate) fn refused_memory(&self) -> bool {
        self.refused
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }
}
