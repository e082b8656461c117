//! WASI preview 1, as far as CPython asks for it: files, clocks, randomness, environment, waiting and the end.
//!
//! One file for each family of functions. A function checks what it was given, and acts; [`serve`] counts the call before that and
//! turns a refusal into the number that the guest sees. A wrong pointer is `FAULT`. There are no sockets and no hard links.

pub(crate) mod clock;
pub(crate) mod errno;
pub(crate) mod fd;
pub(crate) mod path;
pub(crate) mod poll;
pub(crate) mod process;
pub(super) mod types;

#[cfg(test)]
mod tests;

use super::Host;
use super::memory::GuestMemory;
use super::stop::Stop;
use errno::Refusal;

/// What a function of WASI comes to.
pub(crate) type Answer = Result<(), Refusal>;

/// Serves one call: counts it, lets `act` answer, and says what number the guest gets. `Err` ends the run.
pub(crate) fn serve(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    act: impl FnOnce(&mut Host, &mut GuestMemory<'_>) -> Answer,
) -> Result<u32, Stop> {
    host.meter.call()?;
    answer(act(host, memory))
}

/// The number that the guest gets.
pub(crate) fn answer(answer: Answer) -> Result<u32, Stop> {
    match answer {
        Ok(()) => Ok(0),
        Err(Refusal::Errno(errno)) => Ok(errno.number()),
        Err(Refusal::Stop(stop)) => Err(stop),
    }
}
