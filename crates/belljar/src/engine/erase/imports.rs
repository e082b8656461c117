//! Binds what the parser imports: operations on values, as its bindings for JavaScript name them.
//!
//! The list is what it calls when it takes types out. Whatever else it imports (promises, functions, maps) traps if it is ever called.

use wasmtime::{AsContextMut, Caller, Linker, Module};

use super::State;
use super::values::{Value, Values};
use crate::host::memory::GuestMemory;
use crate::host::meter::Meter;
use crate::host::stop::Stop;

const MODULE: &str = "__wbindgen_placeholder__";

/// Adds all that `module` imports to `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<State>, module: &Module) -> wasmtime::Result<()> {
    questions(linker)?;
    reads(linker)?;
    makes(linker)?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_throw",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32| -> wasmtime::Result<()> {
            Err(thrown(&mut caller, ptr, len))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_error_new",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32| -> wasmtime::Result<u32> {
            Err(thrown(&mut caller, ptr, len))
        },
    )?;
    linker.define_unknown_imports_as_traps(module)
}

/// What a value is.
fn questions(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    question(linker, "__wbindgen_is_undefined", |value| *value == Value::Undefined)?;
    question(linker, "__wbindgen_is_falsy", Value::is_falsy)?;
    question(linker, "__wbindgen_is_object", |value| matches!(value, Value::Object(_)))?;
    question(linker, "__wbindgen_is_string", Value::is_text)?;
    linker.func_wrap(MODULE, "__wbindgen_boolean_get", |caller: Caller<'_, State>, handle: u32| {
        Ok(match values(&caller).get(handle)? {
            Value::Bool(value) => u32::from(value),
            _ => 2,
        })
    })?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_jsval_loose_eq",
        |caller: Caller<'_, State>, left: u32, right: u32| {
            let (left, right) = (values(&caller).get(left)?, values(&caller).get(right)?);
            Ok(u32::from(left.is_nothing() && right.is_nothing() || left == right))
        },
    )?;
    linker.func_wrap(MODULE, "__wbindgen_in", |caller: Caller<'_, State>, name: u32, object: u32| {
        Ok(u32::from(field(values(&caller), object, name)?.is_some()))
    })?;
    Ok(())
}

fn question(
    linker: &mut Linker<State>,
    name: &str,
    answer: impl Fn(&Value) -> bool + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, name, move |caller: Caller<'_, State>, handle: u32| {
        Ok(u32::from(answer(&values(&caller).get(handle)?)))
    })?;
    Ok(())
}

/// Taking values apart.
fn reads(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "__wbg_getwithrefkey_1dc361bd10053bfe",
        |mut caller: Caller<'_, State>, object: u32, name: u32| {
            let value = field(values(&caller), object, name)?.unwrap_or(Value::Undefined);
            Ok(caller.data_mut().values.add(value)?)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_string_get",
        |mut caller: Caller<'_, State>, result: u32, handle: u32| {
            let (address, length) = match values(&caller).get(handle)? {
                Value::Given(address, length) => (address, length),
                Value::Text(_) => return Err(fault("it asked for text that it has written itself")),
                _ => (0, 0),
            };
            let (mut memory, _, _) = split(&mut caller)?;
            memory
                .write(result, &[address.to_le_bytes(), length.to_le_bytes()].concat())
                .map_err(Stop::from)?;
            Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_object_drop_ref",
        |mut caller: Caller<'_, State>, handle: u32| {
            caller.data_mut().values.take(handle)?;
            Ok(())
        },
    )?;
    Ok(())
}

/// Making values.
fn makes(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "__wbindgen_object_clone_ref",
        |mut caller: Caller<'_, State>, handle: u32| {
            let value = values(&caller).get(handle)?;
            Ok(caller.data_mut().values.add(value)?)
        },
    )?;
    linker.func_wrap(MODULE, "__wbg_new_405e22f390576ce2", |mut caller: Caller<'_, State>| {
        Ok(caller.data_mut().values.object(Vec::new())?)
    })?;
    linker.func_wrap(
        MODULE,
        "__wbg_set_3f1d0b984ed272ed",
        |mut caller: Caller<'_, State>, object: u32, name: u32, value: u32| {
            let values = &mut caller.data_mut().values;
            let (object, name, value) = (values.get(object)?, values.take(name)?, values.take(value)?);
            Ok(values.set(&object, name, value)?)
        },
    )?;
    linker.func_wrap(MODULE, "__wbindgen_number_new", |mut caller: Caller<'_, State>, number: f64| {
        Ok(caller.data_mut().values.add(Value::Number(number))?)
    })?;
    linker.func_wrap(
        MODULE,
        "__wbindgen_string_new",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32| {
            let (memory, values, meter) = split(&mut caller)?;
            Ok(values.text(meter, memory.bytes(ptr, len).map_err(Stop::from)?)?)
        },
    )?;
    Ok(())
}

fn values<'a>(caller: &'a Caller<'_, State>) -> &'a Values {
    &caller.data().values
}

/// A field of an object, both by handle.
fn field(values: &Values, object: u32, name: u32) -> Result<Option<Value>, Stop> {
    let Value::Text(name) = values.get(name)? else { return Ok(None) };
    Ok(values.field(&values.get(object)?, &name))
}

/// The parser's memory and our side, for the length of one call.
fn split<'a>(
    caller: &'a mut Caller<'_, State>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut Values, &'a mut Meter)> {
    let Some(memory) = caller.data().memory else { return Err(fault("it called before it was ready")) };
    let (bytes, state) = memory.data_and_store_mut(caller.as_context_mut());
    Ok((GuestMemory::new(bytes), &mut state.values, &mut state.budget.meter))
}

/// An exception that the parser's bindings would raise: a failure of the parser, since complaints about code are results.
fn thrown(caller: &mut Caller<'_, State>, ptr: u32, len: u32) -> wasmtime::Error {
    let text = split(caller).map(|(memory, _, _)| {
        let bytes = memory.bytes(ptr, len.min(1024)).unwrap_or(b"it did not say why");
        String::from_utf8_lossy(bytes).into_owned()
    });
    text.map_or_else(|error| error, |text| fault(&text))
}

fn fault(text: &str) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Fault(text.to_owned()))
}
