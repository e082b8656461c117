//! The one clock of the process: it alone advances epochs, and it wakes sessions that wait.
//!
//! One thread sleeps until the nearest moment at which some session must be looked at, and then advances the epoch, so that every
//! running session comes to its callback, finds out whether its own time has come, and goes on if not. A ticker for each session
//! would advance everybody's epoch as often as there are sessions; a ticker at a fixed rate would be late by its period and would
//! never let an idle machine sleep.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::host::stopwatch::monotonic;

/// How soon the epoch is advanced again while a session has not yet answered. A session may miss a tick that comes while it is
/// between two deadlines of its own; the next one reaches it.
const REPEAT: Duration = Duration::from_micros(300);

/// Makes the clock advance the epoch of `engine` from now on, until the engine is gone.
pub(crate) fn drive(engine: &Engine) {
    CLOCK.lock().engines.push(engine.weak());
}

/// A session's entry in the clock: the next moment at which it must be looked at.
#[derive(Debug)]
pub(crate) struct Alarm {
    id: u64,
}

impl Alarm {
    /// An alarm that is not set.
    pub(crate) fn new() -> Arc<Self> {
        let mut state = CLOCK.lock();
        state.next_id += 1;
        Arc::new(Self { id: state.next_id })
    }

    /// The epoch will advance at `due` and again every now and then, until the alarm is set anew or cleared.
    pub(crate) fn set(&self, due: Duration) {
        CLOCK.schedule(self.id, due, None);
    }

    /// Nothing happens any more.
    pub(crate) fn clear(&self) {
        CLOCK.lock().remove(self.id);
    }

    /// Ready once `due` has come, or once the alarm [rings](Self::ring) before.
    pub(crate) fn poll_until(&self, due: Duration, context: &Context<'_>) -> Poll<()> {
        if monotonic() >= due {
            return Poll::Ready(());
        }
        CLOCK.schedule(self.id, due, Some(context.waker().clone()));
        Poll::Pending
    }

    /// Lets the session be looked at now, if it is running or waiting.
    pub(crate) fn ring(&self) {
        let mut state = CLOCK.lock();
        let Some(entry) = state.remove(self.id) else { return };
        state.insert(Duration::ZERO, self.id, entry.waker);
        drop(state);
        CLOCK.changed.notify_one();
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clear();
    }
}

struct Clock {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    engines: Vec<EngineWeak>,
    next_id: u64,
    due: BTreeMap<(Duration, u64), Entry>,
    due_of: BTreeMap<u64, Duration>,
    /// When the thread will wake by itself.
    wakes: Duration,
    /// Begun when an alarm is first set.
    thread: Option<JoinHandle<()>>,
    /// Whether the thread is to end.
    rests: bool,
}

struct Entry {
    waker: Option<Waker>,
}

static CLOCK: Clock = Clock { state: Mutex::new(State::new()), changed: Condvar::new() };

/// Ends the clock's thread, until an alarm is set: for a process that must have one thread only for a moment. Whether there was one.
pub(crate) fn rest() -> bool {
    let mut state = CLOCK.lock();
    let Some(thread) = state.thread.take() else { return false };
    state.rests = true;
    drop(state);
    CLOCK.changed.notify_one();
    // It does not panic; if it had, it would have ended as well.
    let _ = thread.join();
    let mut state = CLOCK.lock();
    state.rests = false;
    if !state.due.is_empty() {
        state.begin();
    }
    true
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements; a panic elsewhere while it was held changes nothing about that.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self, id: u64, due: Duration, waker: Option<Waker>) {
        let mut state = self.lock();
        state.remove(id);
        state.insert(due, id, waker);
        state.begin();
        if due < state.wakes {
            state.wakes = due;
            drop(state);
            self.changed.notify_one();
        }
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.rests {
            let now = monotonic();
            if state.ring(now) {
                state.advance();
            }
            let next = state.due.first_key_value().map(|((due, _), _)| *due);
            state.wakes = next.unwrap_or(Duration::MAX);
            let pause = state.wakes.saturating_sub(monotonic());
            state = match next {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(_) if pause.is_zero() => state,
                Some(_) => {
                    let waited = self.changed.wait_timeout(state, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    const fn new() -> Self {
        Self {
            engines: Vec::new(),
            next_id: 0,
            due: BTreeMap::new(),
            due_of: BTreeMap::new(),
            wakes: Duration::ZERO,
            thread: None,
            rests: false,
        }
    }

    /// Starts the thread, if there is none.
    fn begin(&mut self) {
        if self.thread.is_some() || self.rests {
            return;
        }
        let thread = std::thread::Builder::new().name("belljar-clock".to_owned());
        // Without its clock a session could not be stopped, so a process that cannot start the thread must not run code at all.
        let thread = thread.spawn(|| CLOCK.run()).expect("a process that runs sessions can start one thread");
        self.thread = Some(thread);
    }

    fn insert(&mut self, due: Duration, id: u64, waker: Option<Waker>) {
        self.due.insert((due, id), Entry { waker });
        self.due_of.insert(id, due);
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let due = self.due_of.remove(&id)?;
        self.due.remove(&(due, id))
    }

    /// Wakes whoever is due, and schedules those who run for another tick. Whether anyone was due.
    fn ring(&mut self, now: Duration) -> bool {
        let mut rang = false;
        while let Some(entry) = self.due.first_entry() {
            let (due, id) = *entry.key();
            if due > now {
                break;
            }
            rang = true;
            if let Some(waker) = entry.remove().waker {
                waker.wake();
            }
            self.insert(now + REPEAT, id, None);
        }
        rang
    }

    fn advance(&mut self) {
        self.engines.retain(|engine| engine.upgrade().inspect(Engine::increment_epoch).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;
    use std::time::Instant;

    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn wait_for(condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(10), "nothing happened");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_waiting_session_is_woken_when_it_is_due() {
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let alarm = Alarm::new();
        let due = monotonic() + Duration::from_millis(2);
        assert!(alarm.poll_until(due, &Context::from_waker(&waker)).is_pending());
        wait_for(|| count.0.load(Ordering::SeqCst) == 1);
        assert!(monotonic() >= due);
    }

    #[test]
    fn a_clock_that_rested_goes_on() {
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let alarm = Alarm::new();
        let due = monotonic() + Duration::from_millis(20);
        assert!(alarm.poll_until(due, &Context::from_waker(&waker)).is_pending());
        rest();
        wait_for(|| count.0.load(Ordering::SeqCst) == 1);
        assert!(monotonic() >= due);
    }

    #[test]
    fn ringing_wakes_at_once() {
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let alarm = Alarm::new();
        let due = monotonic() + Duration::from_secs(3600);
        assert!(alarm.poll_until(due, &Context::from_waker(&waker)).is_pending());
        alarm.ring();
        wait_for(|| count.0.load(Ordering::SeqCst) == 1);
    }
}
