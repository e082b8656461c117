//! What surrounds the program: arguments, environment, randomness, and its end.

use super::Answer;
use super::errno::{Errno, Refusal};
use super::types::{Span, put_u32};
use crate::host::Host;
use crate::host::memory::GuestMemory;
use crate::host::random::FILL_BYTES_MAX;
use crate::host::stop::Stop;

/// `args_sizes_get`: there are none. Arguments come with a request.
pub(crate) fn args_sizes_get(_: &mut Host, memory: &mut GuestMemory<'_>, count: u32, size: u32) -> Answer {
    put_u32(memory, count, 0)?;
    Ok(put_u32(memory, size, 0)?)
}

/// `args_get` has nothing to write.
pub(crate) fn args_get(_: &mut Host, _: &mut GuestMemory<'_>) -> Answer {
    Ok(())
}

/// `environ_sizes_get` says how much room the environment takes.
pub(crate) fn environ_sizes_get(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    count: u32,
    size: u32,
) -> Answer {
    let bytes: usize = host.environment.iter().map(|variable| variable.len() + 1).sum();
    put_u32(memory, count, number(host.environment.len())?)?;
    Ok(put_u32(memory, size, number(bytes)?)?)
}

/// `environ_get` writes a pointer to each variable, and the variables, each with a NUL behind it.
pub(crate) fn environ_get(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    mut pointer: u32,
    mut text: u32,
) -> Answer {
    for variable in &host.environment {
        put_u32(memory, pointer, text)?;
        memory.write(text, variable.as_bytes())?;
        let end = text.checked_add(number(variable.len())?).ok_or(Errno::Fault)?;
        memory.write(end, &[0])?;
        text = end.checked_add(1).ok_or(Errno::Fault)?;
        pointer = pointer.checked_add(4).ok_or(Errno::Fault)?;
    }
    Ok(())
}

/// `random_get` fills a buffer. The C library asks for 256 bytes at most; far more is refused, since a call cannot be interrupted.
pub(crate) fn random_get(host: &mut Host, memory: &mut GuestMemory<'_>, (ptr, len): Span) -> Answer {
    if len > FILL_BYTES_MAX {
        return Err(Errno::Inval.into());
    }
    memory.bytes(ptr, len)?;
    Ok(host.random.fill(memory, ptr, len)?)
}

/// `sched_yield`: there is nobody to yield to.
pub(crate) fn sched_yield(_: &mut Host, _: &mut GuestMemory<'_>) -> Answer {
    Ok(())
}

/// `sock_*` and `proc_raise`.
pub(crate) fn not_offered(_: &mut Host, _: &mut GuestMemory<'_>) -> Answer {
    Err(Errno::Notsup.into())
}

/// `proc_exit` ends the run.
pub(crate) fn exit(_: &mut Host, _: &mut GuestMemory<'_>, code: u32) -> Answer {
    Err(Refusal::Stop(Stop::Exit(code.cast_signed())))
}

fn number(size: usize) -> Result<u32, Errno> {
    u32::try_from(size).map_err(|_| Errno::Overflow)
}
