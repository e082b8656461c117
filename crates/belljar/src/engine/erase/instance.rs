//! One instance of the parser, for one text.

use std::sync::Arc;

use wasmtime::{AsContextMut, InstancePre, Memory, Store, Trap, TypedFunc};

use super::values::{Value, Values};
use super::{Complaint, Failure, State};
use crate::engine::reading::Budget;
use crate::host::memory::GuestMemory;
use crate::host::stop::Stop;

/// What the parser gives back: an address where it finds room for three words, the first the result, the second an exception, the third
/// whether there is one.
const RESULT_BYTES: i32 = 16;

/// Below this much of its stack, the parser is at the end of it: what it then touches lies outside its memory.
const STACK_BYTES_MIN: i32 = 64 * 1024;

/// What the parser is asked for: every type replaced by spaces, and an error for what would need more.
const MODE: &str = "strip-only";

/// An instance that has read nothing yet, or whatever reading has left of it.
pub(super) struct Instance {
    store: Store<State>,
}

/// What the parser exports.
struct Exports {
    memory: Memory,
    move_stack: TypedFunc<i32, i32>,
    allocate: TypedFunc<(u32, u32), u32>,
    transform: TypedFunc<(u32, u32, u32), ()>,
}

impl Instance {
    pub(super) fn new(pre: &InstancePre<State>, budget: Budget) -> Self {
        let state = State { budget, values: Values::default(), memory: None };
        let mut store = Store::new(pre.module().engine(), state);
        store.limiter(|state| &mut state.budget.meter);
        store.epoch_deadline_callback(|mut store| store.data_mut().budget.deadline.look_once());
        store.set_epoch_deadline(1);
        Self { store }
    }

    pub(super) fn into_budget(self) -> Budget {
        self.store.into_data().budget
    }

    /// Reads `code` to its end.
    pub(super) async fn transform(
        &mut self,
        pre: &InstancePre<State>,
        code: &str,
    ) -> Result<String, Failure> {
        let cpu = Arc::clone(self.store.data().budget.deadline.cpu());
        cpu.count(async {
            let exports = self.start(pre).await.map_err(|error| self.failure(&error))?;
            match self.call(&exports, code).await {
                Ok(result) => self.outcome(result),
                Err(error) => Err(self.failure_of_call(&exports, &error).await),
            }
        })
        .await
    }

    async fn start(&mut self, pre: &InstancePre<State>) -> wasmtime::Result<Exports> {
        let instance = pre.instantiate_async(&mut self.store).await?;
        let store = &mut self.store;
        let memory = instance.get_memory(&mut *store, "memory");
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("the parser has no memory"))?;
        store.data_mut().memory = Some(memory);
        Ok(Exports {
            memory,
            move_stack: instance.get_typed_func(&mut *store, "__wbindgen_add_to_stack_pointer")?,
            allocate: instance.get_typed_func(&mut *store, "__wbindgen_export_2")?,
            transform: instance.get_typed_func(&mut *store, "transformSync")?,
        })
    }

    /// Calls `transformSync(code, options)` and gives back the handle of what it returns, or of what it throws.
    async fn call(&mut self, exports: &Exports, code: &str) -> wasmtime::Result<u32> {
        let code = self.give(exports, code).await?;
        let mode = self.give(exports, MODE).await?;
        let values = &mut self.store.data_mut().values;
        let options = values.object(vec![("mode".to_owned(), mode)])?;
        let code = values.add(code)?;
        let result = exports.move_stack.call_async(&mut self.store, -RESULT_BYTES).await?;
        let result = result.cast_unsigned();
        exports.transform.call_async(&mut self.store, (result, code, options)).await?;
        let memory = GuestMemory::new(exports.memory.data_mut(&mut self.store));
        let word = |index: u32| memory.u32(result.wrapping_add(4 * index)).map_err(Stop::from);
        Ok(if word(2)? == 0 { word(0)? } else { word(1)? })
    }

    /// Puts text into the parser's memory, for it to take.
    async fn give(&mut self, exports: &Exports, text: &str) -> wasmtime::Result<Value> {
        let length = u32::try_from(text.len())?;
        let address = exports.allocate.call_async(&mut self.store, (length, 1)).await?;
        let (bytes, _) = exports.memory.data_and_store_mut(self.store.as_context_mut());
        GuestMemory::new(bytes).write(address, text.as_bytes()).map_err(Stop::from)?;
        Ok(Value::Given(address, length))
    }

    /// What the parser made: the code, or a complaint.
    fn outcome(&mut self, handle: u32) -> Result<String, Failure> {
        let values = &mut self.store.data_mut().values;
        let result = values.get(handle).map_err(|stop| Failure::Broken(stop.to_string()))?;
        let mut field = |name| values.take_field(&result, name);
        match (field("code"), field("message")) {
            (Some(Value::Text(code)), None) => Ok(code),
            (_, Some(Value::Text(message))) => {
                let line = field("startLine").map_or(1, |line| line.as_u32());
                let shown_column = field("startColumn").map_or(0, |column| column.as_u32());
                Err(Failure::Complaint(Complaint { message, line, shown_column }))
            }
            _ => Err(Failure::Broken("it gave back neither code nor a complaint".to_owned())),
        }
    }

    /// Why the parser was left. What lies below its stack is outside its memory, so the end of one stack of the two is found there.
    async fn failure_of_call(&mut self, exports: &Exports, error: &wasmtime::Error) -> Failure {
        if error.downcast_ref::<Trap>() == Some(&Trap::MemoryOutOfBounds)
            && let Ok(stack) = exports.move_stack.call_async(&mut self.store, 0).await
            && stack < STACK_BYTES_MIN
        {
            return Failure::TooDeep;
        }
        self.failure(error)
    }

    fn failure(&self, error: &wasmtime::Error) -> Failure {
        match (error.downcast_ref::<Stop>(), error.downcast_ref::<Trap>()) {
            (Some(Stop::Fault(text)), _) => Failure::Broken(text.clone()),
            (Some(stop), _) => Failure::Stopped(stop.clone()),
            (None, Some(Trap::StackOverflow)) => Failure::TooDeep,
            // It was refused memory, and gave up.
            (None, _) if self.store.data().budget.meter.refused_memory() => Failure::Stopped(Stop::NoMemory),
            (None, _) => Failure::Broken(format!("{error:#}")),
        }
    }
}
