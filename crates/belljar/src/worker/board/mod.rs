//! Which workers there are, what each has taken on, and who waits for one.
//!
//! A run needs a place in a worker, and a session a seat in the one where it lives. Whoever has none waits in a queue in which tenants take turns.

mod crew;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{oneshot, watch};

use crate::engine::clock::Alarm;
use crate::error::{Error, Result};
use crate::host::stopwatch::monotonic;
use crate::worker::budget::Deaths;
use crate::worker::frame::{ImagePlace, Kind};
use crate::worker::idle::IdleSessions;
use crate::worker::listen::NotStarted;
use crate::worker::peer::Worker;
use crate::worker::queue::FairQueue;
use crate::worker::settings::Settings;

/// How long a worker that answered nothing must have lived so that another one is started at once when it dies.
const SOUND_LIFE: Duration = Duration::from_secs(5);

/// The pauses before another one is started otherwise: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How long a session waits for a seat while all others are in use.
const SEAT_TIME_MAX: Duration = Duration::from_secs(1);

/// How often whoever waits for a seat looks whether there is one.
const SEAT_LOOKS_EVERY: Duration = Duration::from_millis(100);

/// The workers of one [`Workers`](crate::Workers).
#[derive(Debug)]
pub(crate) struct Board {
    pub(in crate::worker) settings: Settings,
    state: Mutex<State>,
    pub(in crate::worker) idle: IdleSessions,
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
    deaths: Deaths,
    next_worker: u64,
    /// Why no worker could be started, and how often that was.
    failures: (u64, Option<NotStarted>),
    is_stopped: bool,
    /// Whether each tenant has processes of his own.
    has_tenants: bool,
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
    /// For whom each of its runs is.
    runs: Vec<Arc<str>>,
    sessions: u32,
    /// The only one for whom it works, where each tenant has processes of his own.
    tenant: Option<Arc<str>>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::worker) struct Want {
    pub(in crate::worker) tenant: Arc<str>,
    pub(in crate::worker) kind: Kind,
    /// In which worker it must be.
    pub(in crate::worker) on: Option<u64>,
    /// Whether it begins a session.
    pub(in crate::worker) wants_seat: bool,
}

/// Somebody who waits.
#[derive(Debug)]
struct Ticket {
    want: Want,
    granted: oneshot::Sender<Result<Place>>,
}

/// A place for one run. It is given back when it is dropped.
#[derive(Debug)]
pub(in crate::worker) struct Place {
    pub(in crate::worker) worker: Arc<Worker>,
    board: Arc<Board>,
    tenant: Arc<str>,
    seat: Option<Seat>,
}

/// A place for a session that lives.
#[derive(Debug)]
pub(in crate::worker) struct Seat {
    pub(in crate::worker) worker: Arc<Worker>,
    board: Arc<Board>,
}

impl Place {
    /// The seat that was asked for with it.
    pub(in crate::worker) fn take_seat(&mut self) -> Option<Seat> {
        self.seat.take()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.change(&self.worker, |member| {
            if let Some(at) = member.runs.iter().position(|tenant| *tenant == self.tenant) {
                member.runs.swap_remove(at);
            }
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.board.change(&self.worker, |member| member.sessions = member.sessions.saturating_sub(1));
    }
}

impl Seat {
    /// One more session in the same worker.
    pub(in crate::worker) fn another(&self) -> Self {
        self.board.change(&self.worker, |member| member.sessions += 1);
        Self { worker: Arc::clone(&self.worker), board: Arc::clone(&self.board) }
    }
}

impl Board {
    pub(in crate::worker) fn new(settings: Settings) -> Arc<Self> {
        let state = State {
            members: Vec::new(),
            slots: vec![Slot::Empty; settings.processes],
            images: BTreeMap::new(),
            queue: FairQueue::new(settings.queue_max),
            deaths: Deaths::default(),
            next_worker: 0,
            failures: (0, None),
            is_stopped: false,
            has_tenants: settings.has_tenant_per_process,
        };
        let (state, idle) = (Mutex::new(state), IdleSessions::default());
        Arc::new(Self { settings, state, idle, changes: watch::Sender::new(0) })
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`], [`Error::TooManyDeaths`], [`Error::Full`], [`Error::WorkersStopped`], or why no worker can be started.
    pub(in crate::worker) async fn place(self: &Arc<Self>, want: Want, image: &ImagePlace) -> Result<Place> {
        if want.on.is_none() {
            self.ensure(&want.kind, image).await?;
        }
        if want.wants_seat {
            self.seat(&want.kind).await?;
        }
        let (on, seat_of) = (want.on, want.wants_seat.then(|| want.kind.clone()));
        let waiting = {
            let mut state = self.lock();
            if let Some(pause) = state.deaths.pause(&want.tenant, monotonic()) {
                return Err(Error::TooManyDeaths {
                    pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                });
            }
            let is_gone = |number| {
                !state.members.iter().any(|member| member.worker.number == number && !member.worker.is_dead())
            };
            if state.is_stopped || on.is_some_and(is_gone) {
                return Err(Error::WorkersStopped);
            }
            // Whoever comes just when a place is free does not get in before those who wait for one.
            if !state.has_turn(&self.settings)
                && let Some(place) = self.grant(&mut state, &want)
            {
                return Ok(place);
            }
            self.enqueue(&mut state, want)
        };
        self.dispatch();
        // Who waits is forgotten when the workers are stopped, when the one dies that he waits for, or when none can be started.
        let granted = match seat_of {
            Some(kind) => self.rest_others(waiting, &kind).await,
            None => waiting.await,
        };
        granted.unwrap_or_else(|_| Err(self.why_forgotten(on)))
    }

    /// Waits for a place with a seat. The one that there was may have gone to somebody else meanwhile, so others are laid to rest from time to time.
    async fn rest_others<T>(
        &self,
        mut waiting: oneshot::Receiver<T>,
        kind: &Kind,
    ) -> std::result::Result<T, RecvError> {
        let alarm = Alarm::new();
        loop {
            if let Some(granted) = before(&mut waiting, &alarm, monotonic() + SEAT_LOOKS_EVERY).await {
                return granted;
            }
            if !self.has_seat(kind) {
                self.idle.rest_one(None).await;
            }
        }
    }

    fn why_forgotten(&self, on: Option<u64>) -> Error {
        match (&*self.lock(), on) {
            (State { is_stopped: false, failures: (_, Some(why)), .. }, None) => why.to_error(),
            _ => Error::WorkersStopped,
        }
    }

    /// Sees to it that there is a seat: lays another session to rest, or waits a while for those that are in use, or on their way to rest.
    async fn seat(&self, kind: &Kind) -> Result<()> {
        let mut changes = self.changes.subscribe();
        let (alarm, due) = (Alarm::new(), monotonic().saturating_add(SEAT_TIME_MAX));
        while !self.has_seat(kind) {
            let is_over = !self.idle.rest_one(None).await
                && before(&mut pin!(changes.changed()), &alarm, due).await.is_none();
            if is_over {
                return Err(Error::Full { sessions_max: self.settings.sessions_max });
            }
        }
        Ok(())
    }

    /// Whether there is a seat for a session, or will be when its worker has a place.
    fn has_seat(&self, kind: &Kind) -> bool {
        let state = self.lock();
        let mut able = state.members.iter().filter(|member| member.worker.kinds.contains(kind)).peekable();
        // Where there is none, one is being started.
        able.peek().is_none()
            || able.any(|member| !member.is_leaving && member.sessions < self.settings.sessions_max)
    }

    /// Lays sessions of a worker to rest that has more memory than it should, one after each run: what they had is used by the next ones.
    pub(in crate::worker) async fn relieve(&self, worker: &Worker) {
        let Some(mark) = self.settings.memory_mark_bytes else { return };
        if worker.is_well() && worker.process.resident_bytes() > mark {
            self.idle.rest_one(Some(worker.number)).await;
        }
    }

    /// Where a place will come, or word that somebody had to go for whom there was no room: whoever asks, or whoever waits for most.
    fn enqueue(&self, state: &mut State, want: Want) -> oneshot::Receiver<Result<Place>> {
        let (granted, waiting) = oneshot::channel();
        let tenant = Arc::clone(&want.tenant);
        if let Some(gone) = state.queue.push(&tenant, Ticket { want, granted }) {
            // He may have gone already.
            let _ = gone.granted.send(Err(Error::Overloaded { most: self.settings.queue_max }));
        }
        waiting
    }

    /// A place, if there is one now.
    fn grant(self: &Arc<Self>, state: &mut State, want: &Want) -> Option<Place> {
        let fits = |member: &&mut Member| member.fits(want, &self.settings);
        let members = state.members.iter_mut().filter(fits);
        let member = members.min_by_key(|member| (member.runs.len(), member.sessions))?;
        member.runs.push(Arc::clone(&want.tenant));
        member.sessions += u32::from(want.wants_seat);
        member.tenant = Some(Arc::clone(&want.tenant));
        let (worker, board, tenant) =
            (Arc::clone(&member.worker), Arc::clone(self), Arc::clone(&want.tenant));
        let seat = want.wants_seat.then(|| Seat { worker: Arc::clone(&worker), board: Arc::clone(&board) });
        Some(Place { worker, board, tenant, seat })
    }

    /// Gives out what places there are.
    fn dispatch(self: &Arc<Self>) {
        loop {
            let granted = {
                let mut state = self.lock();
                let State { members, queue, .. } = &mut *state;
                let fits =
                    |ticket: &Ticket| members.iter().any(|member| member.fits(&ticket.want, &self.settings));
                let Some(ticket) = queue.pop(fits) else {
                    state.make_way();
                    return;
                };
                self.grant(&mut state, &ticket.want).map(|place| (ticket, place))
            };
            // Not while anything is locked: where nobody waits any more the place comes back.
            if let Some((ticket, place)) = granted {
                let _ = ticket.granted.send(Ok(place));
            }
        }
    }

    /// Changes what is known of a worker, and what follows from that.
    fn change(self: &Arc<Self>, worker: &Arc<Worker>, change: impl FnOnce(&mut Member)) {
        let waits = {
            let mut state = self.lock();
            if let Some(member) =
                state.members.iter_mut().find(|member| member.worker.number == worker.number)
            {
                change(member);
                if member.is_leaving && member.is_free() {
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
    pub(in crate::worker) async fn ensure(self: &Arc<Self>, kind: &Kind, image: &ImagePlace) -> Result<()> {
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

    /// Does something with each worker.
    pub(in crate::worker) fn each(&self, act: impl Fn(&Worker)) {
        let workers: Vec<Arc<Worker>> =
            self.lock().members.iter().map(|member| Arc::clone(&member.worker)).collect();
        workers.iter().for_each(|worker| act(worker));
    }

    /// Takes nothing more on, and waits until everything that runs or waits has ended, or for `grace`.
    pub(in crate::worker) async fn drain(&self, grace: Duration) {
        let mut changes = self.changes.subscribe();
        let (alarm, due) = (Alarm::new(), monotonic().saturating_add(grace));
        loop {
            {
                let mut state = self.lock();
                state.is_stopped = true;
                if state.members.iter().all(|member| member.runs.is_empty()) && state.queue.len() == 0 {
                    return;
                }
            }
            if before(&mut pin!(changes.changed()), &alarm, due).await.is_none() {
                return;
            }
        }
    }

    /// Ends all workers.
    pub(in crate::worker) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        state.members.iter().for_each(|member| member.worker.dismiss());
        let waiting = state.queue.remove(|_| true);
        drop(state);
        drop(waiting);
        self.changes.send_modify(|count| *count += 1);
    }

    /// What there is of each worker: process, runs, sessions.
    pub(in crate::worker) fn seen(&self) -> Vec<(Arc<Worker>, u32, u32)> {
        let runs = |member: &Member| u32::try_from(member.runs.len()).unwrap_or(u32::MAX);
        let seen = |member: &Member| (Arc::clone(&member.worker), runs(member), member.sessions);
        self.lock().members.iter().map(seen).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes of `waited`, if it comes before `due`. After that nothing does, however often something could.
async fn before<F: Future + Unpin>(waited: &mut F, alarm: &Alarm, due: Duration) -> Option<F::Output> {
    let wait = poll_fn(|context| match alarm.poll_until(due, context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => Pin::new(&mut *waited).poll(context).map(Some),
    });
    wait.await
}

impl State {
    /// Whether some worker can run this.
    fn has(&self, kind: &Kind) -> bool {
        self.members.iter().any(|member| !member.is_leaving && member.worker.kinds.contains(kind))
    }

    /// Whether somebody waits for whom there is a place now.
    fn has_turn(&self, settings: &Settings) -> bool {
        let fits = |ticket: &Ticket| self.members.iter().any(|member| member.fits(&ticket.want, settings));
        self.queue.any(fits)
    }

    /// Ends a worker that does nothing and works for one tenant alone, so that another one can take its place for those who wait and fit
    /// nowhere.
    fn make_way(&self) {
        let waits_for_nobody =
            |member: &&Member| member.is_free() && member.tenant.is_some() && !member.is_leaving;
        if self.has_tenants
            && self.queue.len() > 0
            && let Some(member) = self.members.iter().find(waits_for_nobody)
        {
            member.worker.dismiss();
        }
    }

    fn failed(&mut self, why: NotStarted) {
        self.failures = (self.failures.0 + 1, Some(why));
    }
}

impl Member {
    /// Whether it can take this on now.
    fn fits(&self, want: &Want, settings: &Settings) -> bool {
        let is_the_one = match want.on {
            Some(number) => self.worker.number == number,
            None => !self.is_leaving && self.worker.kinds.contains(&want.kind),
        };
        let is_his =
            !settings.has_tenant_per_process || self.tenant.as_ref().is_none_or(|own| *own == want.tenant);
        is_the_one
            && is_his
            && self.runs.len() < settings.runs_max as usize
            && (!want.wants_seat || self.sessions < settings.sessions_max)
            && self.worker.is_well()
    }

    /// Whether it has nothing to do and nothing lives in it.
    fn is_free(&self) -> bool {
        self.runs.is_empty() && self.sessions == 0
    }
}
