//! When a run must stop, and the two stages in which it is made to: a request to the engine first, a trap when the grace is over.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use wasmtime::{StoreContextMut, UpdateDeadline};

use super::State;
use super::cancel::CancelToken;
use super::clock::Alarm;
use crate::host::stop::Stop;
use crate::host::stopwatch::{CpuTime, monotonic};
use crate::limits::{GRACE, GRACE_HEEDED, GRACE_WALL, Limits};

/// How long a run may keep a thread before it lets other tasks of the caller's executor run.
const QUANTUM: Duration = Duration::from_millis(10);

/// Bits to set in the guest's memory so that the engine stops the code: `(address, bits)`.
pub(crate) type StopTable = Arc<[(u32, u32)]>;

/// A soft stop that was made: why, and what the clocks said then.
#[derive(Debug)]
struct Stopping {
    reason: Stop,
    wall: Duration,
    cpu: Duration,
    /// Whether the engine has taken a bit back: it has begun to unwind the code and to report.
    heeded: bool,
}

impl Stopping {
    fn grace(&self) -> Duration {
        if self.heeded { GRACE_HEEDED } else { GRACE }
    }
}

/// The deadlines of one session's runs.
#[derive(Debug)]
pub(crate) struct Deadline {
    alarm: Arc<Alarm>,
    cancel: CancelToken,
    stop_table: StopTable,
    began: Duration,
    wall_due: Duration,
    cpu_max: Duration,
    cpu: Arc<CpuTime>,
    yield_due: Duration,
    stopping: Option<Stopping>,
}

impl Deadline {
    pub(crate) fn new(stop_table: StopTable, cpu: Arc<CpuTime>) -> Self {
        Self {
            alarm: Alarm::new(),
            cancel: CancelToken::new(),
            stop_table,
            began: Duration::ZERO,
            wall_due: Duration::MAX,
            cpu_max: Duration::MAX,
            cpu,
            yield_due: Duration::MAX,
            stopping: None,
        }
    }

    /// Begins a run: its time counts from now.
    pub(crate) fn begin(&mut self, limits: &Limits, cancel: &CancelToken) {
        self.began = monotonic();
        self.wall_due = self.began + limits.time();
        self.cpu_max = limits.cpu();
        self.cpu.reset();
        self.yield_due = self.began + QUANTUM;
        self.stopping = None;
        self.alarm.set(self.next_look(self.began));
        self.cancel = cancel.clone();
        self.cancel.attach(&self.alarm);
    }

    /// Ends a run, and says why it was stopped, if it was.
    pub(crate) fn end(&mut self) -> Option<Stop> {
        self.alarm.clear();
        self.cancel.detach();
        self.stopping.take().map(|stopping| stopping.reason)
    }

    pub(crate) fn wall_used(&self) -> Duration {
        monotonic() - self.began
    }

    /// What the run's CPU time is counted with.
    pub(crate) fn cpu(&self) -> &Arc<CpuTime> {
        &self.cpu
    }

    pub(crate) fn cpu_used(&self) -> Duration {
        self.cpu.used()
    }

    /// What is to be done now.
    fn look(&mut self) -> Look {
        let now = monotonic();
        if let Some(reason) = self.out_of_grace(now) {
            return Look::Trap(reason);
        }
        if self.stopping.is_some() {
            self.alarm.set(self.next_look(now));
            return Look::GoOn;
        }
        if let Some(reason) = self.reason(now) {
            self.begin_stop(reason, now);
            return Look::SoftStop;
        }
        let yields = now >= self.yield_due;
        if yields {
            self.yield_due = now + QUANTUM;
        }
        self.alarm.set(self.next_look(now));
        if yields { Look::Yield } else { Look::GoOn }
    }

    /// What is to be done with WebAssembly that cannot be asked to stop: it goes on, or is trapped at once.
    pub(crate) fn look_once(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let look = self.look();
        match (look, &self.stopping) {
            (Look::Trap(reason), _) => Err(wasmtime::Error::new(reason)),
            (_, Some(stopping)) => Err(wasmtime::Error::new(stopping.reason.clone())),
            (Look::Yield, None) => Ok(UpdateDeadline::Yield(1)),
            (Look::GoOn | Look::SoftStop, None) => Ok(UpdateDeadline::Continue(1)),
        }
    }

    fn begin_stop(&mut self, reason: Stop, now: Duration) {
        self.stopping = Some(Stopping { reason, wall: now, cpu: self.cpu_used(), heeded: false });
        self.alarm.set(self.next_look(now));
    }

    /// Why the instance must be trapped, when the grace is over: it has worked for the whole grace since it was asked to stop, or it has had
    /// [`GRACE_WALL`] and the machine was too busy to let it.
    fn out_of_grace(&self, now: Duration) -> Option<Stop> {
        let stopping = self.stopping.as_ref()?;
        let over = self.cpu_used() >= stopping.cpu + stopping.grace() || now >= stopping.wall + GRACE_WALL;
        over.then(|| stopping.reason.clone())
    }

    fn reason(&self, now: Duration) -> Option<Stop> {
        if self.cancel.is_cancelled() {
            Some(Stop::Cancelled)
        } else if now >= self.wall_due {
            Some(Stop::WallTime)
        } else if self.cpu_used() >= self.cpu_max {
            Some(Stop::CpuTime)
        } else {
            None
        }
    }

    /// When the run must be looked at again, if the thread works all the time until then.
    fn next_look(&self, now: Duration) -> Duration {
        let Some(stopping) = &self.stopping else {
            let cpu_due = now.saturating_add(self.cpu_max.saturating_sub(self.cpu_used()));
            return self.wall_due.min(self.yield_due).min(cpu_due);
        };
        let work_left = (stopping.cpu + stopping.grace()).saturating_sub(self.cpu_used());
        (now + work_left).min(stopping.wall + GRACE_WALL)
    }
}

enum Look {
    GoOn,
    Yield,
    SoftStop,
    Trap(Stop),
}

/// The epoch callback: the only place that stops guest code while it runs.
pub(crate) fn on_epoch(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    see_whether_heeded(&mut store);
    match store.data_mut().deadline.look() {
        Look::GoOn => Ok(UpdateDeadline::Continue(1)),
        Look::Yield => Ok(UpdateDeadline::Yield(1)),
        Look::SoftStop => {
            ask_to_stop(&mut store);
            Ok(UpdateDeadline::Continue(1))
        }
        Look::Trap(reason) => Err(wasmtime::Error::new(reason)),
    }
}

/// Sets the bits of the stop table.
pub(super) fn ask_to_stop(store: &mut StoreContextMut<'_, State>) {
    change_stop_table(store, |word, bits| word | bits);
}

/// Notes when the engine has acted on a soft stop: it then gets the time to report where the code was. One that never looks gets none.
fn see_whether_heeded(store: &mut StoreContextMut<'_, State>) {
    if store.data().deadline.stopping.as_ref().is_none_or(|stopping| stopping.heeded) {
        return;
    }
    let mut heeded = false;
    change_stop_table(store, |word, bits| {
        heeded |= word & bits != bits;
        word
    });
    if let Some(stopping) = &mut store.data_mut().deadline.stopping {
        stopping.heeded = heeded;
    }
}

/// Takes back the bits that were set too late to stop anything, so that they do not stop a later run.
pub(crate) fn forget_stop(mut store: StoreContextMut<'_, State>) {
    change_stop_table(&mut store, |word, bits| word & !bits);
}

fn change_stop_table(store: &mut StoreContextMut<'_, State>, mut change: impl FnMut(u32, u32) -> u32) {
    let Some(memory) = store.data().memory else { return };
    let (bytes, state) = memory.data_and_store_mut(store);
    for (address, bits) in state.deadline.stop_table.iter() {
        let word = bytes.get_mut(*address as usize..).and_then(|rest| rest.first_chunk_mut::<4>());
        if let Some(word) = word {
            *word = change(u32::from_le_bytes(*word), *bits).to_le_bytes();
        }
    }
}

/// Waits for `pause`, or until the run must stop, whichever comes first. The engine learns of a stop as if it had been running.
pub(crate) async fn wait(store: StoreContextMut<'_, State>, pause: Duration) -> wasmtime::Result<()> {
    wait_for(store, pause, |_, _| Poll::<()>::Pending).await.map(|_| ())
}

/// Waits until standard input has something to hand over, or until the run must stop: whether it has.
pub(crate) async fn wait_for_input(store: StoreContextMut<'_, State>) -> wasmtime::Result<bool> {
    let ready = wait_for(store, Duration::MAX, |state, context| state.host.input.poll_ready(context));
    Ok(ready.await?.is_some())
}

/// The same, or until `ready` is, and then with what it says.
pub(crate) async fn wait_for<T>(
    mut store: StoreContextMut<'_, State>,
    pause: Duration,
    mut ready: impl FnMut(&mut State, &mut Context<'_>) -> Poll<T>,
) -> wasmtime::Result<Option<T>> {
    let wakes = monotonic().saturating_add(pause);
    loop {
        see_whether_heeded(&mut store);
        let deadline = &mut store.data_mut().deadline;
        let now = monotonic();
        if let Some(reason) = deadline.out_of_grace(now) {
            return Err(wasmtime::Error::new(reason));
        }
        if deadline.stopping.is_none()
            && let Some(reason) = deadline.reason(now)
        {
            deadline.begin_stop(reason, now);
            ask_to_stop(&mut store);
            return Ok(None);
        }
        let found = poll_fn(|context| Poll::Ready(ready(store.data_mut(), context))).await;
        let deadline = &store.data().deadline;
        if found.is_ready() || now >= wakes {
            deadline.alarm.set(deadline.next_look(now));
            return Ok(match found {
                Poll::Ready(found) => Some(found),
                Poll::Pending => None,
            });
        }
        // Who waits keeps no thread, so nothing but the end of the wait, of the time or of the grace needs a look. Code that waits
        // although it was asked to stop may do so, but only for as long as the grace lasts.
        let ends = if deadline.stopping.is_some() { deadline.next_look(now) } else { deadline.wall_due };
        let due = wakes.min(ends);
        Ring { alarm: Arc::clone(&deadline.alarm), due, polled: false }.await;
    }
}

/// Ready when the alarm rings for the first time.
struct Ring {
    alarm: Arc<Alarm>,
    due: Duration,
    polled: bool,
}

impl Future for Ring {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Woken a second time, whatever the reason: the caller looks at the clock and at the cancel flag itself.
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        self.alarm.poll_until(self.due, context)
    }
}
