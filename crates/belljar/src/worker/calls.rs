//! The calls that a parent has made of a worker and that are not answered yet, and whether what the worker says about them can be.
//!
//! A worker may have fallen: each word of it is held against what was asked of it. Whatever it says, what is kept of it is bounded by the number of
//! calls, and by what was said of each when it was made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::frame::{AHEAD_MAX, PIECE_BYTES_MAX, Reply, Up, decode};
use super::memory::SharedMemory;
use super::refusal::Refusal;
use super::services::{ASK_BYTES_MAX, Ask, OperationAsk, OperationNumber};
use crate::outcome::Stream;

/// What a worker did that it may not do.
pub(super) type Violation = &'static str;

/// What comes of a call, one after the other.
#[derive(Debug)]
pub(super) enum Event {
    Output(Stream, Vec<u8>),
    WantsInput,
    Ask(Ask),
    Begin(OperationNumber, OperationAsk),
    More(OperationNumber),
    GiveUp(OperationNumber),
    Done(Result<Reply, Refusal>),
}

/// What may come of a call.
#[derive(Debug)]
pub(super) struct Expect {
    /// The most bytes that its answer has.
    pub(super) answer_bytes_max: u64,
    /// The most bytes of output that come before.
    pub(super) output_bytes_max: u64,
    pub(super) may_read: bool,
}

/// What a worker is to be sent because of what it said.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) call: u64,
    pub(super) memory: Arc<SharedMemory>,
}

/// The calls of one worker. `Held` is what each keeps until it is answered.
pub(super) struct Calls<Held> {
    table: Mutex<Table<Held>>,
    has_answered: AtomicBool,
}

struct Table<Held> {
    next: u64,
    open: HashMap<u64, Open<Held>>,
    is_lost: bool,
}

struct Open<Held> {
    expect: Expect,
    /// None when nobody waits any more.
    events: Option<Sender<Event>>,
    /// Frames that are not answered, and that nobody has taken yet.
    ahead: u32,
    /// Whether it has asked something and has no reply yet.
    waits_for_reply: bool,
    /// Whether it has asked for input and has none yet.
    waits_for_input: bool,
    room: Option<(Arc<SharedMemory>, u64)>,
    /// When it must be answered, if nobody waits any more.
    due: Option<Duration>,
    held: Held,
}

impl<Held> Calls<Held> {
    pub(super) fn new() -> Self {
        let table = Mutex::new(Table { next: 1, open: HashMap::new(), is_lost: false });
        Self { table, has_answered: AtomicBool::new(false) }
    }

    /// Whether any call was answered.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Opens a call: its number, and where its events come. None when the worker is lost.
    pub(super) fn open(&self, expect: Expect, held: Held) -> Option<(u64, Receiver<Event>)> {
        // Room for everything that may come before somebody looks.
        let (events, receiver) = channel(AHEAD_MAX as usize + 3);
        let mut table = self.lock();
        if table.is_lost {
            return None;
        }
        let call = table.next;
        table.next += 1;
        let open = Open {
            expect,
            events: Some(events),
            ahead: 0,
            waits_for_input: false,
            waits_for_reply: false,
            room: None,
            due: None,
            held,
        };
        table.open.insert(call, open);
        Some((call, receiver))
    }

    /// Nobody waits for this call any more; it must be answered by `due`. Whether it was still open.
    pub(super) fn abandon(&self, call: u64, due: Duration) -> bool {
        let mut table = self.lock();
        let Some(open) = table.open.get_mut(&call) else { return false };
        (open.events, open.due) = (None, Some(due));
        true
    }

    /// So many of its frames were taken.
    pub(super) fn taken(&self, call: u64, frames: u32) {
        if let Some(open) = self.lock().open.get_mut(&call) {
            open.ahead = open.ahead.saturating_sub(frames);
        }
    }

    /// It is given what it asked to read.
    pub(super) fn answered_input(&self, call: u64) {
        if let Some(open) = self.lock().open.get_mut(&call) {
            open.waits_for_input = false;
        }
    }

    /// It has the reply to what it asked.
    pub(super) fn replied(&self, call: u64) {
        if let Some(open) = self.lock().open.get_mut(&call) {
            open.waits_for_reply = false;
        }
    }

    /// When the first call that nobody waits for must be answered.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.lock().open.values().filter_map(|open| open.due).min()
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// The worker is gone: nothing more comes of any call.
    pub(super) fn lose_all(&self) {
        let mut table = self.lock();
        table.is_lost = true;
        let lost = std::mem::take(&mut table.open);
        // What calls hold may call back when it is let go.
        drop(table);
        drop(lost);
    }

    /// Takes in what the worker says.
    ///
    /// # Errors
    ///
    /// When it may not say that now.
    pub(super) fn take(&self, said: Up) -> Result<Option<Room>, Violation> {
        match said {
            Up::Ready(_) | Up::NotReady(_) => Err("it began once more"),
            Up::Output { call, stream, bytes } => self.output(call, stream, bytes).map(|()| None),
            Up::WantsInput { call } => self.wants_input(call).map(|()| None),
            Up::WantsRoom { call, bytes } => self.wants_room(call, bytes),
            Up::InRoom { call } => self.in_room(call).map(|()| None),
            said => self.speak(said).map(|()| None),
        }
    }

    /// What may lie in a room as well.
    fn speak(&self, said: Up) -> Result<(), Violation> {
        match said {
            Up::Done { call, done } => self.done(call, done),
            Up::Ask { call, ask } => {
                let mut table = self.lock();
                let open = table.get(call)?;
                if std::mem::replace(&mut open.waits_for_reply, true) {
                    return Err("it asked once more before it had a reply");
                }
                open.send(Event::Ask(ask))
            }
            Up::Begin { call, operation, ask } => self.unanswered(call, Event::Begin(operation, ask)),
            Up::More { call, operation } => self.unanswered(call, Event::More(operation)),
            Up::NoMore { call, operation } => self.unanswered(call, Event::GiveUp(operation)),
            _ => Err("it left something else than a question or an answer in memory"),
        }
    }

    fn in_room(&self, call: u64) -> Result<(), Violation> {
        let (memory, bytes) = self.lock().get(call)?.room.take().ok_or("it has no room for an answer")?;
        let said: Up = decode(&memory.read(bytes).map_err(|_| "what it left in memory cannot be read")?)?;
        match said {
            Up::Done { call: of, .. } | Up::Ask { call: of, .. } | Up::Begin { call: of, .. }
                if of == call =>
            {
                self.speak(said)
            }
            _ => Err("it left something else than a question or an answer in memory"),
        }
    }

    /// An event that is not answered: no more of them than fit.
    fn unanswered(&self, call: u64, event: Event) -> Result<(), Violation> {
        let mut table = self.lock();
        let open = table.get(call)?;
        if open.ahead == AHEAD_MAX {
            return Err("it says more than is taken");
        }
        open.ahead += 1;
        open.send(event)
    }

    fn output(&self, call: u64, stream: Stream, bytes: Vec<u8>) -> Result<(), Violation> {
        let mut table = self.lock();
        let open = table.get(call)?;
        if bytes.len() > PIECE_BYTES_MAX {
            return Err("a piece of output is too long");
        }
        let left = open.expect.output_bytes_max.checked_sub(bytes.len() as u64);
        open.expect.output_bytes_max = left.ok_or("it printed more than the limit allows")?;
        drop(table);
        self.unanswered(call, Event::Output(stream, bytes))
    }

    fn wants_input(&self, call: u64) -> Result<(), Violation> {
        let mut table = self.lock();
        let open = table.get(call)?;
        if !open.expect.may_read || std::mem::replace(&mut open.waits_for_input, true) {
            return Err("it asked for input that it cannot have");
        }
        open.send(Event::WantsInput)
    }

    fn wants_room(&self, call: u64, bytes: u64) -> Result<Option<Room>, Violation> {
        let mut table = self.lock();
        let open = table.get(call)?;
        if bytes > open.expect.answer_bytes_max.max(ASK_BYTES_MAX as u64) {
            return Err("its answer is larger than it can be");
        }
        if open.room.is_some() {
            return Err("it asked for room once more");
        }
        if open.events.is_none() {
            // It will hear that nobody waits, and answer in brief.
            return Ok(None);
        }
        let memory = SharedMemory::room(bytes).map_err(|_| "there is no memory for its answer")?;
        let memory = Arc::new(memory);
        open.room = Some((Arc::clone(&memory), bytes));
        Ok(Some(Room { call, memory }))
    }

    fn done(&self, call: u64, done: Result<Reply, Refusal>) -> Result<(), Violation> {
        let mut open = self.lock().open.remove(&call).ok_or(UNKNOWN)?;
        self.has_answered.store(true, Ordering::Relaxed);
        let sent = open.send(Event::Done(done));
        // What the call held may call back: the table is not locked here.
        drop(open.held);
        sent
    }

    fn lock(&self) -> MutexGuard<'_, Table<Held>> {
        // The table is consistent between statements.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const UNKNOWN: Violation = "it spoke of a call that there is not";

impl<Held> Table<Held> {
    fn get(&mut self, call: u64) -> Result<&mut Open<Held>, Violation> {
        self.open.get_mut(&call).ok_or(UNKNOWN)
    }
}

impl<Held> Open<Held> {
    fn send(&mut self, event: Event) -> Result<(), Violation> {
        match &self.events {
            // Whoever waited may have gone a moment ago; more than was expected does not fit.
            Some(events) if !events.is_closed() => {
                events.try_send(event).map_err(|_| "it says more than was asked")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::worker::frame::{FRAME_BYTES_MAX, encode};

    fn expect() -> Expect {
        Expect { answer_bytes_max: 1 << 20, output_bytes_max: 100, may_read: true }
    }

    fn print(call: u64, bytes: usize) -> Up {
        Up::Output { call, stream: Stream::Stdout, bytes: vec![b'a'; bytes] }
    }

    fn done(call: u64) -> Up {
        Up::Done { call, done: Ok(Reply::Nothing) }
    }

    #[test]
    fn what_was_asked_is_taken_in_order() {
        let calls = Calls::new();
        let (call, mut events) = calls.open(expect(), ()).unwrap();
        for said in [print(call, 3), Up::WantsInput { call }, done(call)] {
            assert!(calls.take(said).unwrap().is_none());
        }
        assert!(matches!(events.try_recv(), Ok(Event::Output(Stream::Stdout, bytes)) if bytes == b"aaa"));
        assert!(matches!(events.try_recv(), Ok(Event::WantsInput)));
        assert!(matches!(events.try_recv(), Ok(Event::Done(Ok(Reply::Nothing)))));
        assert_eq!(calls.len(), 0);
    }

    #[test]
    fn what_a_worker_may_not_say_is_refused() {
        let calls = Calls::new();
        let (call, mut events) = calls.open(expect(), ()).unwrap();
        let refused = |said| calls.take(said).unwrap_err();
        assert_eq!(refused(Up::Ready(Vec::new())), "it began once more");
        assert_eq!(refused(done(7)), UNKNOWN);
        assert_eq!(refused(print(call, 101)), "it printed more than the limit allows");
        assert_eq!(refused(print(call, PIECE_BYTES_MAX + 1)), "a piece of output is too long");
        assert_eq!(refused(Up::WantsRoom { call, bytes: u64::MAX }), "its answer is larger than it can be");
        assert_eq!(refused(Up::InRoom { call }), "it has no room for an answer");
        calls.take(Up::WantsInput { call }).unwrap();
        assert_eq!(refused(Up::WantsInput { call }), "it asked for input that it cannot have");
        for _ in 0..AHEAD_MAX {
            calls.take(print(call, 1)).unwrap();
        }
        assert_eq!(refused(print(call, 1)), "it says more than is taken");
        assert!(matches!(events.try_recv(), Ok(Event::WantsInput)));
        assert!(matches!(events.try_recv(), Ok(Event::Output(..))));
        calls.taken(call, 1);
        calls.take(print(call, 1)).unwrap();
        calls.take(done(call)).unwrap();
        assert_eq!(refused(done(call)), UNKNOWN, "a call is answered once");
    }

    #[test]
    fn an_answer_in_memory_is_read_once_it_is_there() {
        let calls = Calls::new();
        let (call, mut events) = calls.open(expect(), ()).unwrap();
        let answer = Up::Done { call, done: Ok(Reply::Bytes(vec![7; FRAME_BYTES_MAX])) };
        let answer = encode(&answer);
        let room = calls.take(Up::WantsRoom { call, bytes: answer.len() as u64 }).unwrap().unwrap();
        assert!(calls.take(Up::WantsRoom { call, bytes: 1 }).is_err());
        room.memory.fill(&answer).unwrap();
        calls.take(Up::InRoom { call }).unwrap();
        assert!(
            matches!(events.try_recv(), Ok(Event::Done(Ok(Reply::Bytes(bytes)))) if bytes.len() == FRAME_BYTES_MAX)
        );

        let (call, _events) = calls.open(expect(), ()).unwrap();
        let of_another = encode(&done(call + 1));
        let room = calls.take(Up::WantsRoom { call, bytes: of_another.len() as u64 }).unwrap().unwrap();
        room.memory.fill(&of_another).unwrap();
        assert_eq!(
            calls.take(Up::InRoom { call }).unwrap_err(),
            "it left something else than a question or an answer in memory"
        );
    }

    #[test]
    fn nobody_need_wait_and_a_call_is_held_until_it_is_answered() {
        let calls = Calls::new();
        let held = Arc::new(());
        let (call, events) = calls.open(expect(), Arc::clone(&held)).unwrap();
        drop(events);
        assert!(calls.abandon(call, Duration::from_secs(1)));
        assert_eq!(calls.next_due(), Some(Duration::from_secs(1)));
        assert!(calls.take(Up::WantsRoom { call, bytes: 10 }).unwrap().is_none());
        calls.take(print(call, 3)).unwrap();
        assert_eq!(Arc::strong_count(&held), 2);
        calls.take(done(call)).unwrap();
        assert_eq!((Arc::strong_count(&held), calls.next_due()), (1, None));
        let (_, mut events) = calls.open(expect(), Arc::clone(&held)).unwrap();
        calls.lose_all();
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(events.try_recv().is_err() && calls.open(expect(), held).is_none());
    }

    proptest! {
        /// Whatever a worker says, it is refused, or what is kept of it stays within what was expected.
        #[test]
        fn any_sequence_is_refused_or_bounded(says in prop::collection::vec((0u8..6, 0u64..4, 0u64..2000), 0..200)) {
            let calls = Calls::new();
            let mut waiting: Vec<_> = (0..2).filter_map(|_| calls.open(expect(), ())).collect();
            for (what, call, number) in says {
                let said = match what {
                    0 => print(call, usize::try_from(number).unwrap()),
                    1 => Up::WantsInput { call },
                    2 => Up::WantsRoom { call, bytes: number },
                    3 => Up::InRoom { call },
                    4 => done(call),
                    _ => Up::Ready(Vec::new()),
                };
                if calls.take(said).is_err() {
                    calls.lose_all();
                    break;
                }
            }
            for (_, events) in &mut waiting {
                let mut printed = 0;
                while let Ok(event) = events.try_recv() {
                    if let Event::Output(_, bytes) = event {
                        printed += bytes.len();
                    }
                }
                prop_assert!(printed <= 100);
            }
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(said) = decode::<Up>(&bytes) {
                let calls = Calls::new();
                let _open = calls.open(expect(), ());
                let _ = calls.take(said);
            }
        }
    }
}
