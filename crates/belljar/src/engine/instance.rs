//! One live instance of an image, and the one place where guest code is entered.

use std::sync::Arc;

use wasmtime::{AsContextMut, Memory, PoolConcurrencyLimitError, ResourceLimiter, Store, Trap, TypedFunc};

use super::State;
use super::bridges;
use super::cancel::CancelToken;
use super::checkpoint::Checkpoint;
use super::deadline::{Deadline, forget_stop, on_epoch};
use super::faults;
use super::image::{Base, Code};
use super::pages::{self, Pages};
use super::reading::{Budget, ReadTypes, Unread};
use super::returning;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::host::meter::Meter;
use crate::host::stop::Stop;
use crate::limits::Limits;

/// How a call into the guest came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The engine served the request; the instance is as good as before. With the reason why it was asked to stop, if it was.
    Served(Option<Stop>),
    /// The host left the guest; the instance is lost.
    Stopped(Stop),
    /// The fuel is used up; the instance is lost.
    OutOfFuel,
    /// The stack is used up; the instance is lost.
    StackOverflow,
    /// The engine failed; the instance is lost.
    Broken(String),
    /// The guest was not entered, since its code could not be read; the instance is as good as before.
    NotEntered(Unread),
}

impl Ending {
    /// Whether the instance can be entered again.
    pub(crate) fn is_intact(&self) -> bool {
        matches!(self, Self::Served(_) | Self::NotEntered(_))
    }
}

/// A live instance.
pub(crate) struct Instance {
    store: Store<State>,
    memory: Memory,
    /// What the memory has before anything runs.
    base: Base,
    buffer: TypedFunc<u32, u32>,
    enter: TypedFunc<u32, u32>,
    /// The pages of its memory that it has for itself, while that is known.
    written: Option<Pages>,
}

impl Instance {
    /// Makes an instance. Its memory is mapped, not copied.
    pub(crate) async fn start(code: &Code, host: Host) -> Result<Self> {
        let deadline = Deadline::new(code.stop_table.clone(), Arc::clone(&host.cpu));
        let state = State::new(host, deadline);
        let mut store = Store::new(code.pre.module().engine(), state);
        store.limiter(|state| &mut state.host.meter);
        store.epoch_deadline_callback(on_epoch);
        store.set_epoch_deadline(1);
        if code.counts_fuel {
            // Starting is not part of any run's budget.
            store.set_fuel(u64::MAX).map_err(internal)?;
        }
        let instance = code.pre.instantiate_async(&mut store).await.map_err(|error| refused(&error, code))?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| lacks("memory"))?;
        bridges::cross(&code.bridges, memory.data_mut(&mut store));
        let buffer = instance.get_typed_func(&mut store, "belljar_buffer").map_err(internal)?;
        let enter = instance.get_typed_func(&mut store, "belljar_enter").map_err(internal)?;
        let call = instance.get_typed_func(&mut store, "belljar_call").ok();
        store.data_mut().memory = Some(memory);
        store.data_mut().call = call;
        Ok(Self { store, memory, base: Arc::clone(&code.base), buffer, enter, written: None })
    }

    /// Makes an instance that goes on where `checkpoint` was taken.
    pub(crate) async fn resume(code: &Code, host: Host, checkpoint: &Checkpoint) -> Result<Self> {
        let mut instance = Self::start(code, host).await?;
        instance.put(checkpoint).await?;
        Ok(instance)
    }

    /// What the memory has that the image has not. Only right between two requests.
    pub(crate) fn checkpoint(&mut self) -> Checkpoint {
        let memory = self.memory.data(&self.store);
        let written = self.written.get_or_insert_with(|| pages::written(memory));
        Checkpoint::take(memory, (*self.base).as_ref(), written)
    }

    async fn put(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let missing = checkpoint.memory_bytes.saturating_sub(self.memory.data_size(&self.store) as u64);
        let grown = self.memory.grow_async(&mut self.store, missing.div_ceil(WASM_PAGE_BYTES)).await;
        grown.map_err(|_| Error::Internal("a checkpoint does not fit into its own limits".to_owned()))?;
        checkpoint.put(self.memory.data_mut(&mut self.store));
        self.written = None;
        Ok(())
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        &mut self.store.data_mut().host
    }

    pub(crate) fn deadline(&self) -> &Deadline {
        &self.store.data().deadline
    }

    /// Fuel left, where it is counted.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.store.get_fuel().ok()
    }

    /// Begins a run: its time counts from now. It ends when the guest has been [entered](Self::enter), or is [given up](Self::give_up).
    pub(crate) fn begin(&mut self, limits: &Limits, cancel: &CancelToken) {
        self.store.data_mut().deadline.begin(limits, cancel);
    }

    /// Ends a run whose code could not be read.
    pub(crate) fn give_up(&mut self, reason: Unread) -> Ending {
        self.store.data_mut().deadline.end();
        Ending::NotEntered(reason)
    }

    /// Lets the guest have types taken out of code.
    pub(crate) fn reads_types(mut self, reader: Arc<dyn ReadTypes>) -> Self {
        self.store.data_mut().types = Some(reader);
        self
    }

    /// [What the run has left](State::lend), before the guest is entered.
    pub(crate) fn lend(&mut self) -> Budget {
        self.store.data_mut().lend()
    }

    /// What is left after that.
    pub(crate) fn take_back(&mut self, budget: Budget) {
        self.store.data_mut().take_back(budget);
    }

    /// Hands `request` to the engine and runs it to its end. Guest code runs nowhere else.
    pub(crate) async fn enter(&mut self, request: &[u8], limits: &Limits) -> Ending {
        self.store.set_epoch_deadline(1);
        let cpu = Arc::clone(self.deadline().cpu());
        let served = match limits.fuel.map_or(Ok(()), |fuel| self.store.set_fuel(fuel)) {
            Ok(()) => cpu.count(self.serve_watched(request)).await,
            Err(error) => Err(error),
        };
        let asked = self.store.data_mut().deadline.end();
        if asked.is_some() {
            forget_stop(self.store.as_context_mut());
            self.written = None;
        }
        match served {
            Ok(0) => Ending::Served(asked),
            Ok(status) => Ending::Broken(format!("it refused a request with status {status}")),
            Err(error) => ending_of(&error),
        }
    }

    /// Serves a request, and knows afterwards whether the pages that the instance has for itself are still the same.
    async fn serve_watched(&mut self, request: &[u8]) -> wasmtime::Result<u32> {
        let Some(written) = self.written.take() else { return self.serve(request).await };
        let (served, faulted) = faults::watch(self.serve(request)).await;
        self.written = (!faulted).then_some(written);
        served
    }

    async fn serve(&mut self, request: &[u8]) -> wasmtime::Result<u32> {
        let len = u32::try_from(request.len())?;
        let buffer = self.buffer.call_async(&mut self.store, len).await?;
        if buffer == 0 {
            return Err(wasmtime::Error::new(Stop::NoMemory));
        }
        self.memory.write(&mut self.store, buffer as usize, request)?;
        self.enter.call_async(&mut self.store, len).await
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        returning::put_back(self.memory.data_mut(&mut self.store), (*self.base).as_ref());
    }
}

fn ending_of(error: &wasmtime::Error) -> Ending {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Fault(text) => Ending::Broken(text.clone()),
            stop => Ending::Stopped(stop.clone()),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Ending::OutOfFuel,
        Some(Trap::StackOverflow) => Ending::StackOverflow,
        _ => Ending::Broken(error.to_string()),
    }
}

fn refused(error: &wasmtime::Error, code: &Code) -> Error {
    if error.is::<PoolConcurrencyLimitError>() {
        return Error::Full { sessions_max: code.sessions_max };
    }
    Error::Internal(format!("cannot make an instance: {error:#}"))
}

fn lacks(export: &str) -> Error {
    Error::Internal(format!("the engine has no export {export:?}"))
}

fn internal(error: wasmtime::Error) -> Error {
    Error::Internal(format!("{error:#}"))
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow_linear(desired as u64).is_ok())
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A table only grows while an image is built; what it needs then, it has afterwards.
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

const TABLE_ELEMENTS_MAX: usize = 32 * 1024;

/// What memory grows by.
pub(crate) const WASM_PAGE_BYTES: u64 = 64 * 1024;
