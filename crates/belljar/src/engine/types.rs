//! Binds `untype` of the contract: takes the types out of code that the guest found in a file, while it runs.

use wasmtime::{AsContextMut, Caller, Linker};

use super::State;
use super::deadline::ask_to_stop;
use super::imports::{MODULE, charged, split};
use super::reading::Unread;
use crate::host::memory::{GuestMemory, OutOfBounds};
use crate::host::stop::Stop;

/// The longest text that is read.
const TEXT_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// What `untype` returns.
mod status {
    pub(super) const TEXT: u32 = 0;
    pub(super) const WRONG: u32 = 1;
    pub(super) const NO_ROOM: u32 = 2;
}

/// A text in the guest's memory.
type Span = (u32, u32);

/// Adds it to `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Arguments = (u32, u32, u32, u32, u32, u32, u32);
    linker.func_wrap_async(
        MODULE,
        "untype",
        |mut caller: Caller<'_, State>, (name, name_len, text, text_len, into, room, out): Arguments| {
            Box::new(async move {
                charged(&mut caller)?;
                let (name, text) = given(&mut caller, (name, name_len), (text, text_len))?;
                let read = read(&mut caller, &name, &text).await;
                caller.data_mut().host.meter.release(cost(text_len));
                let (mut memory, _) = split(&mut caller)?;
                Ok(match read? {
                    Ok(code) => answer(&mut memory, (status::TEXT, &code), (into, room), out)?,
                    Err(complaint) => answer(&mut memory, (status::WRONG, &complaint), (into, room), out)?,
                })
            })
        },
    )?;
    Ok(())
}

/// What the host keeps for a text while it is read: the text, and what becomes of it.
fn cost(text_len: u32) -> u64 {
    2 * u64::from(text_len)
}

fn given(caller: &mut Caller<'_, State>, name: Span, text: Span) -> wasmtime::Result<(String, String)> {
    let (memory, host) = split(caller)?;
    if text.1 > TEXT_BYTES_MAX {
        return Err(stop(Stop::NoMemory));
    }
    let name = String::from_utf8_lossy(memory.bytes(name.0, name.1.min(4096)).map_err(outside)?).into_owned();
    let text = memory.bytes(text.0, text.1).map_err(outside)?;
    host.meter.hold(cost(u32::try_from(text.len())?)).map_err(|_| stop(Stop::NoMemory))?;
    Ok((name, String::from_utf8_lossy(text).into_owned()))
}

/// The code, or the class of an error and what it says, on two lines. A run that must stop is asked to, as if the guest had been running.
async fn read(
    caller: &mut Caller<'_, State>,
    name: &str,
    text: &str,
) -> wasmtime::Result<Result<String, String>> {
    let Some(reader) = caller.data().types.clone() else {
        return Ok(Err("Error\nthere is nothing that reads TypeScript".to_owned()));
    };
    let budget = caller.data_mut().lend();
    let (read, budget) = reader.read(name, text, budget).await;
    caller.data_mut().take_back(budget);
    match read {
        Ok(code) => Ok(Ok(code)),
        Err(Unread::Wrong(error)) => {
            let place = error.traceback.lines().last().and_then(|line| line.strip_prefix("    at "));
            let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
            Ok(Err(format!("{}\n{}{place}", error.r#type, error.message)))
        }
        Err(Unread::Stopped(reason @ (Stop::WallTime | Stop::CpuTime | Stop::Cancelled))) => {
            ask_to_stop(&mut caller.as_context_mut());
            Ok(Err(format!("Error\n{reason}")))
        }
        Err(Unread::Stopped(reason)) => Err(stop(reason)),
        Err(Unread::Broken(reason)) => Err(stop(Stop::Fault(reason))),
    }
}

/// Hands over what was read. A complaint is cut where there is too little room; of code, the guest is told how much it needs.
fn answer(
    memory: &mut GuestMemory<'_>,
    (status, text): (u32, &str),
    (into, room): Span,
    out: u32,
) -> wasmtime::Result<u32> {
    let len = u32::try_from(text.len())?;
    memory.write(out, &len.to_le_bytes()).map_err(outside)?;
    if len <= room {
        memory.write(into, text.as_bytes()).map_err(outside)?;
        return Ok(status);
    }
    if status == status::TEXT {
        return Ok(status::NO_ROOM);
    }
    let cut = text.floor_char_boundary(room as usize);
    memory.write(into, &text.as_bytes()[..cut]).map_err(outside)?;
    memory.write(out, &u32::try_from(cut)?.to_le_bytes()).map_err(outside)?;
    Ok(status)
}

fn stop(reason: Stop) -> wasmtime::Error {
    wasmtime::Error::new(reason)
}

fn outside(error: OutOfBounds) -> wasmtime::Error {
    stop(error.into())
}
