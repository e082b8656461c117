//! Which workers there are, what each has taken on, and who waits for one.
//!
//! A run needs a place in a worker, and a session a seat in the one where it lives. Whoever has none waits in a queue in which tenants take turns.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::frame::{ImagePlace, Kind, Setup};
use super::listen::{self, NotStarted};
use super::peer::Worker;
use super::queue::FairQueue;
use super::settings::Settings;
use crate::engine::clock::Alarm;
use crate::error::{Error, Result};
use crate::host::stopwatch::monotonic;

/// How long a worker must have lived so that another one is started at once when it dies.
const SOUND_LIFE: Duration = Duration::from_secs(5);

/// The pauses before another one is started otherwise: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The workers of one [`Workers`](super::Workers).
#[derive(Debug)]
pub(crate) struct Board {
    pub(super) settings: Settings,
    state: Mutex<State>,
    /// Counts what a waiting caller should look at.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    members: Vec<Member>,
    /// Which places for a process have a thread at work, and what it will be able to run.
    slots: Vec<Slot>,
    images: BTreeMap<Kind, ImagePlace>,
    queue: FairQueue<Ticket>,
    next_worker: u64,
    /// Why no worker could be started, and how often that was.
    failures: (u64, Option<NotStarted>),
    is_stopped: bool,
}

/// A place for a process.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    Empty,
    /// One is being started that will know so many images.
    Starting(usize),
    Taken,
}

#[derive(Debug)]
struct Member {
    worker: Arc<Worker>,
    slot: usize,
    /// It takes on nothing more: another one has its slot.
    is_leaving: bool,
    runs: u32,
    sessions: u32,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) tenant: Arc<str>,
    pub(super) kind: Kind,
    /// In which worker it must be.
    pub(super) on: Option<u64>,
    /// Whether it begins a session.
    pub(super) wants_seat: bool,
}

/// Somebody who waits.
#[derive(Debug)]
struct Ticket {
    want: Want,
    granted: oneshot::Sender<Place>,
}

/// A place for one run. It is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) worker: Arc<Worker>,
    board: Arc<Board>,
    seat: Option<Seat>,
}

/// A place for a session that lives.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) worker: Arc<Worker>,
    board: Arc<Board>,
}

impl Place {
    /// The seat that was asked for with it.
    pub(super) fn take_seat(&mut self) -> Option<Seat> {
        self.seat.take()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.change(&self.worker, |member| member.runs = member.runs.saturating_sub(1));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.board.change(&self.worker, |member| member.sessions = member.sessions.saturating_sub(1));
    }
}

impl Seat {
    /// One more session in the same worker.
    pub(super) fn another(&self) -> Self {
        self.board.change(&self.worker, |member| member.sessions += 1);
        Self { worker: Arc::clone(&self.worker), board: Arc::clone(&self.board) }
    }
}

impl Board {
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        let state = State {
            members: Vec::new(),
            slots: vec![Slot::Empty; settings.processes],
            images: BTreeMap::new(),
            queue: FairQueue::new(settings.queue_max),
            next_worker: 0,
            failures: (0, None),
            is_stopped: false,
        };
        Arc::new(Self { settings, state: Mutex::new(state), changes: watch::Sender::new(0) })
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`], [`Error::WorkerLost`], [`Error::WorkersStopped`], or why no worker can be started.
    pub(super) async fn place(self: &Arc<Self>, want: Want, image: &ImagePlace) -> Result<Place> {
        let waiting = {
            let mut state = self.lock();
            if state.is_stopped {
                return Err(Error::WorkersStopped);
            }
            if let Some(place) = self.grant(&mut state, &want) {
                return Ok(place);
            }
            if want.on.is_none() && !state.has(&want.kind) {
                None
            } else {
                Some(self.enqueue(&mut state, want.clone())?)
            }
        };
        let waiting = match waiting {
            Some(waiting) => waiting,
            None => {
                self.ensure(&want.kind, image).await?;
                let mut state = self.lock();
                match self.grant(&mut state, &want) {
                    Some(place) => return Ok(place),
                    None => self.enqueue(&mut state, want)?,
                }
            }
        };
        waiting.await.map_err(|_| Error::WorkersStopped)
    }

    fn enqueue(&self, state: &mut State, want: Want) -> Result<oneshot::Receiver<Place>> {
        let (granted, waiting) = oneshot::channel();
        let tenant = Arc::clone(&want.tenant);
        let most = self.settings.queue_max;
        state.queue.push(&tenant, Ticket { want, granted }).map_err(|_| Error::Overloaded { most })?;
        Ok(waiting)
    }

    /// A place, if there is one now.
    fn grant(self: &Arc<Self>, state: &mut State, want: &Want) -> Option<Place> {
        let (runs_max, sessions_max) = (self.settings.runs_max, self.settings.sessions_max);
        let fits = |member: &&mut Member| member.fits(want, runs_max, sessions_max);
        let members = state.members.iter_mut().filter(fits);
        let member = members.min_by_key(|member| (member.runs, member.sessions))?;
        member.runs += 1;
        member.sessions += u32::from(want.wants_seat);
        let (worker, board) = (Arc::clone(&member.worker), Arc::clone(self));
        let seat = want.wants_seat.then(|| Seat { worker: Arc::clone(&worker), board: Arc::clone(&board) });
        Some(Place { worker, board, seat })
    }

    /// Gives out what places there are.
    fn dispatch(self: &Arc<Self>) {
        loop {
            let granted = {
                let mut state = self.lock();
                let (runs_max, sessions_max) = (self.settings.runs_max, self.settings.sessions_max);
                let State { members, queue, .. } = &mut *state;
                let fits = |ticket: &Ticket| {
                    members.iter().any(|member| member.fits(&ticket.want, runs_max, sessions_max))
                };
                let Some(ticket) = queue.pop(fits) else { return };
                self.grant(&mut state, &ticket.want).map(|place| (ticket, place))
            };
            // Not while anything is locked: where nobody waits any more the place comes back.
            if let Some((ticket, place)) = granted {
                let _ = ticket.granted.send(place);
            }
        }
    }

    /// Changes what is known of a worker, and what follows from that.
    fn change(self: &Arc<Self>, worker: &Arc<Worker>, change: impl FnOnce(&mut Member)) {
        let waits = {
            let mut state = self.lock();
            if let Some(member) = state.members.iter_mut().find(|member| member.worker.number == worker.number) {
                change(member);
                if member.is_leaving && member.runs == 0 && member.sessions == 0 {
                    worker.dismiss();
                }
            }
            state.queue.len() > 0
        };
        if waits {
            self.dispatch();
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Sees to it that there is a worker that can run this, and waits for it.
    ///
    /// # Errors
    ///
    /// Why none can be started.
    pub(super) async fn ensure(self: &Arc<Self>, kind: &Kind, image: &ImagePlace) -> Result<()> {
        let mut changes = self.changes.subscribe();
        let failures_before = self.lock().failures.0;
        loop {
            {
                let mut state = self.lock();
                if state.is_stopped {
                    return Err(Error::WorkersStopped);
                }
                if state.has(kind) {
                    return Ok(());
                }
                if let (failures, Some(why)) = &state.failures
                    && *failures > failures_before
                {
                    return Err(why.to_error());
                }
                state.images.entry(kind.clone()).or_insert_with(|| image.clone());
                self.fill(&mut state);
            }
            // The sender is our own.
            let _ = changes.changed().await;
        }
    }

    /// Starts a thread for each slot that lacks an image.
    fn fill(self: &Arc<Self>, state: &mut State) {
        let known = state.images.len();
        for slot in 0..state.slots.len() {
            let lacks = match &state.slots[slot] {
                Slot::Empty => true,
                // When it is ready it is looked at again.
                Slot::Starting(_) => false,
                Slot::Taken => state
                    .members
                    .iter()
                    .any(|member| member.slot == slot && !member.is_leaving && member.worker.kinds.len() < known),
            };
            if lacks {
                state.slots[slot] = Slot::Starting(known);
                let board = Arc::clone(self);
                let begun = std::thread::Builder::new()
                    .name("belljar-worker".to_owned())
                    .spawn(move || board.keep(slot));
                if let Err(error) = begun {
                    let doing = "cannot start the thread of a worker";
                    state.slots[slot] = Slot::Empty;
                    state.failed(NotStarted::System { doing, errno: error.raw_os_error() });
                }
            }
        }
    }

    /// Keeps a worker in a slot: the life of its thread.
    fn keep(self: &Arc<Self>, slot: usize) {
        let mut pause = PAUSE_MIN;
        loop {
            let Some((number, setup)) = self.setup(slot) else { return };
            let began = monotonic();
            match listen::begin(number, self.settings.program.clone(), &setup) {
                Ok(begun) => {
                    let worker = Arc::clone(&begun.worker);
                    self.joined(slot, &worker);
                    listen::listen(begun);
                    if !self.left(slot, &worker) {
                        return;
                    }
                }
                Err(why) => {
                    self.not_started(slot, why);
                    return;
                }
            }
            if monotonic() - began > SOUND_LIFE {
                pause = PAUSE_MIN;
            } else {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }

    fn setup(&self, slot: usize) -> Option<(u64, Setup)> {
        let mut state = self.lock();
        if state.is_stopped {
            return None;
        }
        state.next_worker += 1;
        state.slots[slot] = Slot::Starting(state.images.len());
        let Settings { sessions_max, runs_max, requires_jail, .. } = self.settings;
        let (images, parent) = (state.images.clone(), std::process::id());
        Some((state.next_worker, Setup { images, sessions_max, runs_max, requires_jail, parent }))
    }

    /// A worker is ready. The one that had its slot before leaves when it has nothing left to do.
    fn joined(self: &Arc<Self>, slot: usize, worker: &Arc<Worker>) {
        let mut state = self.lock();
        for member in state.members.iter_mut().filter(|member| member.slot == slot) {
            member.is_leaving = true;
            if member.runs == 0 && member.sessions == 0 {
                member.worker.dismiss();
            }
        }
        if state.is_stopped {
            worker.dismiss();
        }
        let worker = Arc::clone(worker);
        state.members.push(Member { worker, slot, is_leaving: false, runs: 0, sessions: 0 });
        state.slots[slot] = Slot::Taken;
        // More images may have become known meanwhile.
        self.fill(&mut state);
        drop(state);
        self.dispatch();
        self.changes.send_modify(|count| *count += 1);
    }

    /// A worker has ended. Whether another one is to take its slot.
    fn left(self: &Arc<Self>, slot: usize, worker: &Arc<Worker>) -> bool {
        let mut state = self.lock();
        let at = state.members.iter().position(|member| member.worker.number == worker.number);
        let was_leaving = at.is_some_and(|at| state.members.swap_remove(at).is_leaving);
        let orphans = state.queue.remove(|ticket| ticket.want.on == Some(worker.number));
        let goes_on = !was_leaving && !state.is_stopped && state.slots[slot] == Slot::Taken;
        if goes_on {
            state.slots[slot] = Slot::Starting(state.images.len());
        } else if !was_leaving && state.slots[slot] == Slot::Taken {
            state.slots[slot] = Slot::Empty;
        }
        drop(state);
        drop(orphans);
        self.changes.send_modify(|count| *count += 1);
        goes_on
    }

    /// No worker could be started. Those who wait for one hear why, unless there are others.
    fn not_started(&self, slot: usize, why: NotStarted) {
        let mut state = self.lock();
        tracing::error!(why = %why.to_error(), "a worker cannot be started");
        state.slots[slot] = Slot::Empty;
        let waiting = if state.members.is_empty() { state.queue.remove(|_| true) } else { Vec::new() };
        state.failed(why);
        drop(state);
        drop(waiting);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Does something with each worker.
    pub(super) fn each(&self, act: impl Fn(&Worker)) {
        let workers: Vec<Arc<Worker>> = self.lock().members.iter().map(|member| Arc::clone(&member.worker)).collect();
        workers.iter().for_each(|worker| act(worker));
    }

    /// Takes nothing more on, and waits until everything that runs or waits has ended, or for `grace`.
    pub(super) async fn drain(&self, grace: Duration) {
        let mut changes = self.changes.subscribe();
        let (alarm, due) = (Alarm::new(), monotonic().saturating_add(grace));
        loop {
            {
                let mut state = self.lock();
                state.is_stopped = true;
                if state.members.iter().all(|member| member.runs == 0) && state.queue.len() == 0 {
                    return;
                }
            }
            let mut changed = pin!(changes.changed());
            let is_over = poll_fn(|context| {
                if changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(false);
                }
                alarm.poll_until(due, context).map(|()| true)
            });
            if is_over.await {
                return;
            }
        }
    }

    /// Ends all workers.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        state.members.iter().for_each(|member| member.worker.dismiss());
        let waiting = state.queue.remove(|_| true);
        drop(state);
        drop(waiting);
        self.changes.send_modify(|count| *count += 1);
    }

    /// What there is of each worker: process, runs, sessions.
    pub(super) fn seen(&self) -> Vec<(Arc<Worker>, u32, u32)> {
        let seen = |member: &Member| (Arc::clone(&member.worker), member.runs, member.sessions);
        self.lock().members.iter().map(seen).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether some worker can run this.
    fn has(&self, kind: &Kind) -> bool {
        self.members.iter().any(|member| !member.is_leaving && member.worker.kinds.contains(kind))
    }

    fn failed(&mut self, why: NotStarted) {
        self.failures = (self.failures.0 + 1, Some(why));
    }
}

impl Member {
    /// Whether it can take this on now.
    fn fits(&self, want: &Want, runs_max: u32, sessions_max: u32) -> bool {
        let is_the_one = match want.on {
            Some(number) => self.worker.number == number,
            None => !self.is_leaving && self.worker.kinds.contains(&want.kind),
        };
        is_the_one
            && self.runs < runs_max
            && (!want.wants_seat || self.sessions < sessions_max)
            && !self.worker.is_dead()
            && !self.worker.is_doomed()
    }
}
