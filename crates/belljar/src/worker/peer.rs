//! One worker, as its parent sees it: a process, a channel, and what was asked of it.

use std::collections::{BTreeSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::event::EventfdFlags;
use tokio::sync::mpsc::Receiver;

use super::calls::{Calls, Event, Expect, Room, Violation};
use super::channel::{Channel, NotSent, Wait, buffer};
use super::frame::{Call, Down, FRAME_BYTES_MAX, Kind, Reply, Up, encode};
use super::memory::SharedMemory;
use super::process::Process;
use super::services;
use crate::error::{Error, Result};
use crate::host::random::fresh_id;
use crate::host::stopwatch::monotonic;

/// The most that is kept for a worker that does not read. One that works well always does.
const UNSENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most frames with memory attached that are kept for it.
const UNSENT_FRAMES_MAX: usize = 4096;

/// How long a worker has to answer a call that nobody waits for any more.
const ABANDONED_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(2);

/// What a call keeps until it is answered.
pub(super) type Held = Box<dyn Send + Sync>;

/// A live worker.
pub(crate) struct Worker {
    pub(super) number: u64,
    pub(super) process: Process,
    pub(super) channel: Channel,
    /// What it can run.
    pub(super) kinds: BTreeSet<Kind>,
    pub(super) calls: Calls<Held>,
    /// What is heard of it. It is held until what was heard is taken in, so that all is taken in in order.
    pub(super) ear: Mutex<Vec<u8>>,
    unsent: Mutex<Unsent>,
    /// Wakes the thread that listens to it.
    pub(super) bell: OwnedFd,
    /// The jars that it knows.
    jars: Mutex<BTreeSet<u64>>,
    next_session: AtomicU64,
    /// Why it must end, once it must.
    doom: OnceLock<String>,
    is_dismissed: AtomicBool,
    is_dead: AtomicBool,
    /// What its end is called in the log.
    fault: OnceLock<String>,
}

/// Frames that the socket had no room for.
#[derive(Debug, Default)]
struct Unsent {
    frames: VecDeque<(Vec<u8>, Option<Attached>)>,
    bytes: usize,
}

/// What goes with a frame.
#[derive(Debug)]
enum Attached {
    Memory(Arc<SharedMemory>),
    Lent(OwnedFd),
}

impl Attached {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Memory(memory) => memory.as_fd(),
            Self::Lent(descriptor) => descriptor.as_fd(),
        }
    }
}

impl Worker {
    pub(super) fn new(
        number: u64,
        (process, channel): (Process, Channel),
        kinds: BTreeSet<Kind>,
    ) -> std::io::Result<Self> {
        let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            number,
            process,
            channel,
            kinds,
            calls: Calls::new(),
            ear: Mutex::new(buffer()),
            unsent: Mutex::default(),
            bell,
            jars: Mutex::default(),
            next_session: AtomicU64::new(1),
            doom: OnceLock::new(),
            is_dismissed: AtomicBool::new(false),
            is_dead: AtomicBool::new(false),
            fault: OnceLock::new(),
        })
    }

    /// Numbers for `count` sessions that it does not have yet: the first of them.
    pub(super) fn number_sessions(&self, count: u64) -> u64 {
        self.next_session.fetch_add(count, Ordering::Relaxed)
    }

    /// Asks something of it: the number of the call, and where its events come. `held` is kept until it is answered.
    ///
    /// # Errors
    ///
    /// [`Error::WorkerLost`], or [`Error::Io`] when this process cannot hand it over.
    pub(super) fn call(&self, held: Held, what: Call, expect: Expect) -> Result<(u64, Receiver<Event>)> {
        let (call, events) = self.calls.open(expect, held).ok_or_else(|| self.lost())?;
        let sent = self.send(&Down::Call { call, what });
        if sent.is_err() {
            // It never heard of the call.
            let _ = self.calls.take(Up::Done { call, done: Ok(Reply::Nothing) });
        }
        sent.map(|()| (call, events))
    }

    /// Makes sure that it knows the jar with this number, which has this form.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when this process cannot hand it over.
    pub(super) fn know(&self, jar: u64, form: &[u8]) -> Result<()> {
        let mut jars = held(&self.jars);
        if jars.contains(&jar) {
            return Ok(());
        }
        // While it is locked, so that nobody speaks of the jar before.
        self.send(&Down::Jar { number: jar, form: form.to_vec() })?;
        jars.insert(jar);
        Ok(())
    }

    /// A jar that there is no more.
    pub(super) fn forget(&self, jar: u64) {
        if held(&self.jars).remove(&jar) {
            self.tell(&Down::ForgetJar { number: jar });
        }
    }

    /// Nobody waits for this call any more.
    pub(super) fn abandon(&self, call: u64) {
        if self.calls.abandon(call, monotonic() + ABANDONED_TIME_MAX) {
            self.tell(&Down::Abandon { call });
            self.ring();
        }
    }

    /// Tells it something that needs no answer. If it cannot be told, it is at its end.
    pub(super) fn tell(&self, message: &Down) {
        if let Err(Error::Io { source, .. }) = self.send(message) {
            self.doom(format!("could not be told something: {source}"));
        }
    }

    /// Gives it room for what it has to say.
    pub(super) fn give(&self, room: &Room) {
        let memory = Attached::Memory(Arc::clone(&room.memory));
        self.post(encode(&Down::Room { call: room.call }), Some(memory));
    }

    fn send(&self, message: &Down) -> Result<()> {
        let frame = encode(message);
        if frame.len() <= FRAME_BYTES_MAX {
            self.post(frame, None);
            return Ok(());
        }
        let memory = SharedMemory::holding(&frame)
            .map_err(|error| Error::io("cannot make memory for a message to a worker", error))?;
        self.post(encode(&Down::InMemory), Some(Attached::Memory(Arc::new(memory))));
        Ok(())
    }

    /// Replies to what it asked, and lends it a descriptor with that.
    pub(super) fn reply(&self, call: u64, reply: services::Reply, lent: Option<OwnedFd>) {
        self.calls.replied(call);
        match lent {
            // What comes with a descriptor is short.
            Some(lent) => self.post(encode(&Down::Reply { call, reply }), Some(Attached::Lent(lent))),
            None => self.tell(&Down::Reply { call, reply }),
        }
    }

    /// Sends a frame now or, if the socket is full, when it is not; never waits.
    fn post(&self, frame: Vec<u8>, attached: Option<Attached>) {
        let mut unsent = held(&self.unsent);
        if unsent.frames.is_empty() {
            match self.channel.send(&frame, attached.as_ref().map(Attached::as_fd), Wait::No) {
                // Whoever listens to it will notice that it is gone.
                Ok(()) | Err(NotSent::Gone) => return,
                Err(NotSent::Full) => {}
            }
        }
        unsent.bytes += frame.len();
        unsent.frames.push_back((frame, attached));
        let is_too_much = unsent.bytes > UNSENT_BYTES_MAX || unsent.frames.len() > UNSENT_FRAMES_MAX;
        drop(unsent);
        if is_too_much {
            self.doom("did not read what it was sent".to_owned());
        }
        self.ring();
    }

    /// Whether something waits for the socket to have room.
    pub(super) fn has_unsent(&self) -> bool {
        !held(&self.unsent).frames.is_empty()
    }

    /// Sends what waited, as far as there is room.
    pub(super) fn flush(&self) {
        let mut unsent = held(&self.unsent);
        while let Some((frame, attached)) = unsent.frames.front() {
            if self.channel.send(frame, attached.as_ref().map(Attached::as_fd), Wait::No)
                == Err(NotSent::Full)
            {
                return;
            }
            let length = frame.len();
            unsent.frames.pop_front();
            unsent.bytes -= length;
        }
    }

    /// It must end, for this reason.
    pub(super) fn doom(&self, reason: String) {
        let _ = self.doom.set(reason);
        self.process.kill();
    }

    /// It is not needed any more.
    pub(super) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::SeqCst);
        self.process.kill();
    }

    pub(super) fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::SeqCst)
    }

    /// Whether it can take on something more.
    pub(super) fn is_well(&self) -> bool {
        !(self.is_dead() || self.is_doomed() || self.is_dismissed())
    }

    pub(super) fn is_doomed(&self) -> bool {
        self.doom.get().is_some()
    }

    /// It has ended, or must for what it did: it is seen to that it has, and nobody waits for it any more.
    pub(super) fn bury(&self, violation: Option<Violation>) {
        self.process.kill();
        let how = self.process.wait();
        let why = self.doom.get().map(String::as_str).or(violation);
        if !self.is_dismissed() {
            let (fault, pid, how) = (self.fault(), self.process.id(), how.to_string());
            match why {
                Some(why) => tracing::error!(fault, pid, how, why, "a worker was ended"),
                None => tracing::error!(fault, pid, how, "a worker died"),
            }
        }
        self.is_dead.store(true, Ordering::SeqCst);
        self.calls.lose_all();
    }

    /// Whether it has ended.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// What whoever waits for it is told when it has ended, or is about to.
    pub(super) fn lost(&self) -> Error {
        if self.is_dismissed() {
            return Error::WorkersStopped;
        }
        Error::WorkerLost { fault: self.fault().to_owned() }
    }

    fn fault(&self) -> &str {
        self.fault.get_or_init(fresh_id)
    }

    fn ring(&self) {
        // A bell that is rung already need not ring again.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept is consistent between statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("pid", &self.process.id()).finish_non_exhaustive()
    }
}
