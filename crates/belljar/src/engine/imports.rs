//! Binds the functions of the contract (module `belljar`, see `engines/abi.md`) to the host.

use std::time::Duration;

use wasmtime::{AsContextMut, Caller, Linker};

use super::State;
use super::deadline;
use crate::host::Host;
use crate::host::memory::GuestMemory;
use crate::host::operations::Taken;
use crate::host::operations::begin::begin;
use crate::host::stop::Stop;
use crate::outcome::Stream;

/// The module that the functions of the contract belong to.
pub(super) const MODULE: &str = "belljar";

/// Adds everything that an engine may import to `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    results(linker)?;
    machine(linker)?;
    waiting(linker)?;
    jumps(linker)?;
    super::paths::add_to_linker(linker)?;
    super::types::add_to_linker(linker)?;
    super::wasi::add_to_linker(linker)
}

/// Output, input and the result channel.
fn results(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "output",
        |mut caller: Caller<'_, State>, stream: u32, ptr: u32, len: u32| {
            let (memory, host) = charged(&mut caller)?;
            let stream = if stream == 2 { Stream::Stderr } else { Stream::Stdout };
            stops(host.output.write(&mut host.meter, &memory, stream, (ptr, len)))
        },
    )?;
    linker.func_wrap_async(MODULE, "input", |mut caller: Caller<'_, State>, (ptr, len): (u32, u32)| {
        Box::new(async move {
            charged(&mut caller)?;
            // An engine that is asked to stop meanwhile finds nothing, and then its stop table.
            deadline::wait_for_input(caller.as_context_mut()).await?;
            let (mut memory, host) = split(&mut caller)?;
            stops(host.input.read(&mut memory, ptr, len))
        })
    })?;
    linker.func_wrap(MODULE, "report", |mut caller: Caller<'_, State>, field: u32, ptr: u32, len: u32| {
        // Reports are not charged as calls: they end a run, and must come through when the calls are used up. Their number is capped.
        let (memory, host) = split(&mut caller)?;
        stops(host.report.field(&mut host.meter, &memory, field, (ptr, len)))
    })?;
    Ok(())
}

/// Clock, sleep, randomness and the ways to end.
fn machine(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "clock", |mut caller: Caller<'_, State>, which: u32| {
        let (_, host) = charged(&mut caller)?;
        let ns = match which {
            0 => host.time.realtime_ns(),
            1 => host.time.monotonic_ns(),
            2 => host.time.cpu_ns(host.cpu_used()),
            _ => return Err(fault(format!("it asked for an unknown clock {which}"))),
        };
        Ok(ns)
    })?;
    linker.func_wrap_async(MODULE, "sleep", |mut caller: Caller<'_, State>, (ns,): (i64,)| {
        Box::new(async move {
            charged(&mut caller)?;
            wait(&mut caller, Duration::from_nanos(u64::try_from(ns).unwrap_or(0))).await
        })
    })?;
    linker.func_wrap(MODULE, "random", |mut caller: Caller<'_, State>, ptr: u32, len: u32| {
        let (mut memory, host) = charged(&mut caller)?;
        stops(host.random.fill(&mut memory, ptr, len))
    })?;
    linker.func_wrap(MODULE, "exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Stop::Exit(code)))
    })?;
    linker.func_wrap(
        MODULE,
        "fault",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32| -> wasmtime::Result<()> {
            let (memory, host) = split(&mut caller)?;
            let text = memory.bytes(ptr, len.min(1024)).unwrap_or(b"it did not say why");
            Err(fault(String::from_utf8_lossy(&host.scrub(text.to_vec())).into_owned()))
        },
    )?;
    Ok(())
}

/// Operations, which the guest begins and waits for while it does something else.
fn waiting(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "begin", |mut caller: Caller<'_, State>, kind: u32, ptr: u32, len: u32| {
        let (memory, host) = charged(&mut caller)?;
        stops(begin(host, &memory, kind, (ptr, len)))
    })?;
    linker.func_wrap_async(MODULE, "wait", |mut caller: Caller<'_, State>, (id, ns): (u32, i64)| {
        Box::new(async move {
            charged(&mut caller)?;
            wait_for_operation(&mut caller, id, ns).await
        })
    })?;
    linker.func_wrap(MODULE, "take", |mut caller: Caller<'_, State>, id: u32, ptr: u32, len: u32| {
        let (mut memory, host) = charged(&mut caller)?;
        Ok(match stops(host.operations.take(&mut host.meter, &mut memory, id, (ptr, len)))? {
            Taken::Bytes(count) => count.cast_signed(),
            Taken::NotYet => -1,
            Taken::End => 0,
        })
    })?;
    linker.func_wrap(MODULE, "drop", |mut caller: Caller<'_, State>, id: u32| {
        let (_, host) = charged(&mut caller)?;
        host.operations.close(&mut host.meter, id);
        Ok(())
    })?;
    Ok(())
}

/// `try` and `throw`, for an engine that has a `setjmp`.
fn jumps(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "try",
        |mut caller: Caller<'_, State>, (function, argument): (u32, u32)| {
            Box::new(async move {
                // Taken while it is in use: each `try` takes a stack from all sessions, so a session may have one at a time.
                let Some(call) = caller.data_mut().call.take() else {
                    return Err(fault("it called try within try, or has no belljar_call".to_owned()));
                };
                let called = call.call_async(&mut caller, (function, argument)).await;
                caller.data_mut().call = Some(call);
                match called {
                    Ok(()) => Ok(0u32),
                    Err(error) if error.downcast_ref::<Stop>() == Some(&Stop::Throw) => Ok(1),
                    Err(error) => Err(error),
                }
            })
        },
    )?;
    linker
        .func_wrap(MODULE, "throw", || -> wasmtime::Result<()> { Err(wasmtime::Error::new(Stop::Throw)) })?;
    Ok(())
}

/// The guest's memory and our side of the session, for the length of one call.
pub(crate) fn split<'a>(
    caller: &'a mut Caller<'_, State>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut Host)> {
    let Some(memory) = caller.data().memory else {
        return Err(fault("it called the host before it was ready".to_owned()));
    };
    let (bytes, state) = memory.data_and_store_mut(caller.as_context_mut());
    Ok((GuestMemory::new(bytes), &mut state.host))
}

/// The same, and counts the call.
pub(super) fn charged<'a>(
    caller: &'a mut Caller<'_, State>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut Host)> {
    stops(caller.data_mut().host.meter.call())?;
    split(caller)
}

/// A host wait. A repeatable clock jumps instead of waiting.
pub(crate) async fn wait(caller: &mut Caller<'_, State>, pause: Duration) -> wasmtime::Result<()> {
    let pause = caller.data_mut().host.time.sleep(pause);
    deadline::wait(caller.as_context_mut(), pause).await
}

/// Waits until operation `id`, or any if it is 0, has something to take, or for `ns` if that is not negative. 0 when nothing has. While
/// nothing could come, waiting is sleeping, and waiting for ever is over at once.
async fn wait_for_operation(caller: &mut Caller<'_, State>, id: u32, ns: i64) -> wasmtime::Result<u32> {
    let pause = u64::try_from(ns).map_or(Duration::MAX, Duration::from_nanos);
    if caller.data().host.operations.is_of_the_caller(id) {
        return Ok(0);
    }
    if id == 0 && !caller.data().host.operations.is_expecting() {
        if ns > 0 {
            wait(caller, pause).await?;
        }
        return Ok(0);
    }
    let found = deadline::wait_for(caller.as_context_mut(), pause, |state, context| {
        state.host.operations.poll_ready(id, context)
    });
    let found = found.await?;
    if found.is_none() && ns > 0 {
        // Other than a sleep it was waited for, but a repeatable clock has not seen it.
        caller.data_mut().host.time.sleep(pause);
    }
    Ok(found.unwrap_or(0))
}

fn stops<T>(result: Result<T, Stop>) -> wasmtime::Result<T> {
    result.map_err(wasmtime::Error::new)
}

fn fault(text: String) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Fault(text))
}
