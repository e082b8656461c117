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
pub(crate) mod wasi;

pub(crate) mod checkpoint;
mod faults;
mod pages;

pub(crate) mod encode;

pub(crate) mod erase;

use wasmtime::{Memory, TypedFunc};

use crate::host::Host;
use deadline::Deadline;

/// What belongs to one instance: our side of the session, and what the runtime needs to serve its calls.
pub(crate) struct State {
    pub(crate) host: Host,
    pub(crate) deadline: Deadline,
    /// The guest's memory. None until the instance exists.
    pub(crate) memory: Option<Memory>,
    /// `belljar_call` of the contract, for engines that have it. None while it runs.
    pub(crate) call: Option<TypedFunc<(u32, u32), ()>>,
}

impl State {
    pub(crate) fn new(host: Host, deadline: Deadline) -> Self {
        Self { host, deadline, memory: None, call: None }
    }
}
