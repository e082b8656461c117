//! wasmtime, and nothing but wasmtime: images, instances, the clock, and the binding of the host's functions.

pub(crate) mod runtime;

pub(crate) mod bake;
pub(crate) mod image;

pub(crate) mod cancel;
pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod imports;
pub(crate) mod instance;
mod paths;
mod types;
pub(crate) mod wasi;

mod bridges;
pub(crate) mod checkpoint;
#[cfg(second_ring)]
mod faults;
#[cfg(not(second_ring))]
#[path = "elsewhere/faults.rs"]
mod faults;
#[cfg(second_ring)]
pub(crate) mod pages;
#[cfg(not(second_ring))]
#[path = "elsewhere/pages.rs"]
pub(crate) mod pages;

pub(crate) mod encode;

pub(crate) mod erase;
pub(crate) mod reading;
mod returning;

use std::sync::Arc;

use wasmtime::{Memory, TypedFunc};

use crate::host::Host;
use deadline::{Deadline, StopTable};
use reading::{Budget, ReadTypes};

/// What belongs to one instance: our side of the session, and what the runtime needs to serve its calls.
pub(crate) struct State {
    pub(crate) host: Host,
    pub(crate) deadline: Deadline,
    /// The guest's memory. None until the instance exists.
    pub(crate) memory: Option<Memory>,
    /// `belljar_call` of the contract, for engines that have it. None while it runs.
    pub(crate) call: Option<TypedFunc<(u32, u32), ()>>,
    /// What reads TypeScript for the guest, if anything does.
    pub(crate) types: Option<Arc<dyn ReadTypes>>,
}

impl State {
    pub(crate) fn new(host: Host, deadline: Deadline) -> Self {
        Self { host, deadline, memory: None, call: None, types: None }
    }

    /// What the run has left, for work that is done for the guest elsewhere. It must be [given back](Self::take_back).
    pub(crate) fn lend(&mut self) -> Budget {
        let none = Deadline::new(StopTable::default(), Arc::clone(&self.host.cpu));
        Budget { deadline: std::mem::replace(&mut self.deadline, none), meter: self.host.meter.rest() }
    }

    /// What is left after that work.
    pub(crate) fn take_back(&mut self, budget: Budget) {
        self.deadline = budget.deadline;
        self.host.meter.saw(&budget.meter);
    }
}
