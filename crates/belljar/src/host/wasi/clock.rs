//! Clocks: `clock_*`.

use super::Answer;
use super::errno::Errno;
use super::types::put_u64;
use crate::host::Host;
use crate::host::memory::GuestMemory;

pub(super) const REALTIME: u32 = 0;
pub(super) const MONOTONIC: u32 = 1;
const PROCESS_CPU: u32 = 2;
const THREAD_CPU: u32 = 3;

/// `clock_res_get` says in what steps a clock advances.
pub(crate) fn res_get(host: &mut Host, memory: &mut GuestMemory<'_>, clock: u32, out: u32) -> Answer {
    if clock > THREAD_CPU {
        return Err(Errno::Inval.into());
    }
    Ok(put_u64(memory, out, host.time.resolution_ns())?)
}

/// `clock_time_get` reads a clock.
pub(crate) fn time_get(host: &mut Host, memory: &mut GuestMemory<'_>, clock: u32, out: u32) -> Answer {
    let now_ns = now(host, clock)?;
    Ok(put_u64(memory, out, now_ns)?)
}

/// The time on one of the clocks.
pub(super) fn now(host: &mut Host, clock: u32) -> Result<u64, Errno> {
    match clock {
        REALTIME => Ok(host.time.realtime_ns()),
        MONOTONIC => Ok(host.time.monotonic_ns()),
        PROCESS_CPU | THREAD_CPU => Ok(host.time.cpu_ns(host.cpu_used())),
        _ => Err(Errno::Inval),
    }
}
