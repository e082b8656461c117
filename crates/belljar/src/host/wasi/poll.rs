//! Waiting: `poll_oneoff`, in two halves, because the wait between them belongs to the caller: it can be interrupted.

use std::time::Duration;

use super::Answer;
use super::clock::{self, MONOTONIC, REALTIME};
use super::errno::{Errno, Refusal};
use super::types::{Span, put_u32};
use crate::host::Host;
use crate::host::files::Channel;
use crate::host::memory::GuestMemory;

/// The most things that one call may wait for.
const SUBSCRIPTIONS_MAX: u32 = 64;

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;
const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;
const ABSOLUTE: u16 = 1;

/// What is waited for, read and checked.
#[derive(Debug)]
pub(crate) struct Wait {
    subscriptions: Vec<Subscription>,
    /// How long to wait before the events are written.
    pub(crate) duration: Duration,
    events: u32,
    count: u32,
}

#[derive(Debug)]
struct Subscription {
    userdata: u64,
    kind: u8,
    /// When it is due, counted from the call.
    due: Duration,
    error: u16,
}

/// Reads what the guest wants to wait for. `events` is where the events will be written, `count` where their number will.
pub(crate) fn prepare(
    host: &mut Host,
    memory: &GuestMemory<'_>,
    (list, subscriptions): Span,
    (events, count): (u32, u32),
) -> Result<Wait, Refusal> {
    if !(1..=SUBSCRIPTIONS_MAX).contains(&subscriptions) {
        return Err(Errno::Inval.into());
    }
    memory.bytes(events, subscriptions * EVENT_BYTES)?;
    memory.bytes(count, 4)?;
    memory.bytes(list, subscriptions * SUBSCRIPTION_BYTES)?;
    let places = (0..subscriptions).map(|index| list + index * SUBSCRIPTION_BYTES);
    let subscriptions = places.map(|at| read(host, memory, at)).collect::<Result<Vec<_>, _>>()?;
    let duration = subscriptions.iter().map(|one| one.due).min().unwrap_or_default();
    Ok(Wait { subscriptions, duration, events, count })
}

/// Writes what has come to pass: everything that was due by the end of the wait.
pub(crate) fn finish(memory: &mut GuestMemory<'_>, wait: &Wait) -> Answer {
    let mut written = 0;
    for one in wait.subscriptions.iter().filter(|one| one.due <= wait.duration) {
        let mut event = [0; EVENT_BYTES as usize];
        event[..8].copy_from_slice(&one.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&one.error.to_le_bytes());
        event[10] = one.kind;
        if one.kind != CLOCK {
            event[16] = 1;
        }
        memory.write(wait.events + written * EVENT_BYTES, &event)?;
        written += 1;
    }
    Ok(put_u32(memory, wait.count, written)?)
}

/// `subscription`: userdata, kind, then for a clock its id, timeout, precision and flags, and for a descriptor its number.
fn read(host: &mut Host, memory: &GuestMemory<'_>, at: u32) -> Result<Subscription, Refusal> {
    let [kind] = memory.array(at + 8)?;
    let awaited = memory.u32(at + 16)?;
    let due = match kind {
        CLOCK => {
            let flags = u16::from_le_bytes(memory.array(at + 40)?);
            due(host, awaited, memory.u64(at + 24)?, flags)
        }
        FD_READ | FD_WRITE => ready(host, awaited, kind),
        _ => return Err(Errno::Inval.into()),
    };
    let (due, error) = match due {
        Ok(due) => (due, 0),
        Err(errno) => (Duration::ZERO, errno as u16),
    };
    Ok(Subscription { userdata: memory.u64(at)?, kind, due, error })
}

fn due(host: &mut Host, clock: u32, timeout_ns: u64, flags: u16) -> Result<Duration, Errno> {
    if clock != REALTIME && clock != MONOTONIC {
        return Err(Errno::Inval);
    }
    let now_ns = if flags & ABSOLUTE == 0 { 0 } else { clock::now(host, clock)? };
    Ok(Duration::from_nanos(timeout_ns.saturating_sub(now_ns)))
}

/// Every descriptor that can be read or written can be so at once: files lie in memory, and output is taken as it comes.
fn ready(host: &mut Host, fd: u32, kind: u8) -> Result<Duration, Errno> {
    let channel = host.files.space().channel(fd).map_err(|_| Errno::Badf)?;
    match (channel, kind) {
        (Channel::Stdin, FD_WRITE) | (Channel::Stdout | Channel::Stderr, FD_READ) => Err(Errno::Badf),
        _ => Ok(Duration::ZERO),
    }
}
