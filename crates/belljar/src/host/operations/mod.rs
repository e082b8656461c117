//! Operations: what a guest begins, and waits for while it does something else. Every kind is waited for in the same way.
//!
//! An operation's answer is a sequence of [fields](Field) that come through a bounded channel: who works for it waits when the guest
//! does not take them. The guest learns of refusals and failures from the answer too, as [`Field::error`], so that it has one path.

pub(crate) mod begin;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::bounded;
use super::memory::GuestMemory;
use super::meter::Meter;
use super::stop::Stop;

/// The most operations that a session may have open.
pub(crate) const OPEN_MAX: usize = 64;

/// The most fields of one answer that wait for the guest to take them.
pub(crate) const FIELDS_AHEAD: usize = 4;

/// What an answer's field of this tag says, whatever the kind of the operation: it failed, and why.
const ERROR: u32 = 1;

/// What an operation is about (`engines/abi.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A call of a tool.
    Tool,
    /// An exchange over HTTP.
    Http,
}

impl Kind {
    /// The kind of that number.
    pub(crate) fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Tool),
            2 => Some(Self::Http),
            _ => None,
        }
    }
}

/// Why an operation failed (`engines/abi.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// It was not granted.
    Denied = 1,
    /// The request makes no sense.
    Invalid = 2,
    /// A limit is used up.
    Limit = 3,
    /// There is no host of that name.
    NoName = 4,
    /// The other side cannot be reached.
    Unreachable = 5,
    /// The other side could not prove who it is.
    Untrusted = 6,
    /// It took too long.
    TimedOut = 7,
    /// The other side broke off, or did not keep to the rules.
    Broken = 8,
    /// A tool could not do what it was asked to.
    Failed = 9,
}

impl Failure {
    fn of(number: u32) -> Option<Self> {
        let all = [
            Self::Denied,
            Self::Invalid,
            Self::Limit,
            Self::NoName,
            Self::Unreachable,
            Self::Untrusted,
            Self::TimedOut,
            Self::Broken,
            Self::Failed,
        ];
        all.into_iter().find(|failure| *failure as u32 == number)
    }
}

/// Whoever passes an answer on from another process. It is dropped when the guest wants no more of it.
pub(crate) trait Supply: Send {
    /// The guest has taken a field: there is room for another.
    fn taken(&mut self);
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) tag: u32,
    #[serde(with = "serde_bytes")]
    pub(crate) bytes: Vec<u8>,
}

impl Field {
    /// The field that ends a failed operation.
    pub(crate) fn error(failure: Failure, text: &str) -> Self {
        let mut bytes = (failure as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        Self { tag: ERROR, bytes }
    }

    /// Why the operation failed, if this field says so.
    pub(crate) fn failure(&self) -> Option<(Failure, String)> {
        let (failure, text) = self.bytes.split_first_chunk().filter(|_| self.tag == ERROR)?;
        let failure = Failure::of(u32::from_le_bytes(*failure))?;
        Some((failure, String::from_utf8_lossy(text).into_owned()))
    }

    /// As the guest reads it: tag, length, bytes.
    fn encode(self) -> Vec<u8> {
        let len = u32::try_from(self.bytes.len()).expect("whoever makes fields keeps them far below 4 GiB");
        let mut encoded = Vec::with_capacity(8 + self.bytes.len());
        encoded.extend_from_slice(&self.tag.to_le_bytes());
        encoded.extend_from_slice(&len.to_le_bytes());
        encoded.extend_from_slice(&self.bytes);
        encoded
    }
}

/// Work that is done while the guest waits, and its answer.
pub(crate) type Work = Pin<Box<dyn Future<Output = Field> + Send>>;

/// A call that the caller of the run answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) tool: String,
    /// JSON.
    pub(crate) arguments: String,
}

/// The guest's end of an operation.
pub(crate) struct Answer {
    fields: Receiver<Field>,
    /// Work that is driven by waiting for it.
    work: Option<Work>,
    /// What the caller is to answer, and how.
    waiting: Option<(Waiting, Sender<Field>)>,
    /// Who passes the fields on.
    supply: Option<Box<dyn Supply>>,
    /// What the guest has not yet taken of the field that it is taking.
    rest: Vec<u8>,
    taken: usize,
    /// Whether waiting for any operation looks at this one: it was not reported since it last had nothing to take.
    awaited: bool,
    /// What the meter holds for it.
    held: u64,
}

impl Answer {
    /// An operation whose answer comes through the sender, and for which the meter holds `held` bytes until it is over. When the guest
    /// drops it, the sender is [closed](Sender::closed).
    pub(crate) fn channel(held: u64) -> (Sender<Field>, Self) {
        let (sender, fields) = channel(FIELDS_AHEAD);
        let (work, waiting, supply) = (None, None, None);
        let answer = Self { fields, work, waiting, supply, rest: Vec::new(), taken: 0, awaited: true, held };
        (sender, answer)
    }

    /// An operation whose answer is what `work` comes to, driven by whoever waits.
    pub(crate) fn working(held: u64, work: Work) -> Self {
        Self { work: Some(work), ..Self::channel(held).1 }
    }

    /// An operation that the caller of the run answers. Nothing is expected of it while the run goes on.
    pub(crate) fn of_the_caller(held: u64, waiting: Waiting) -> Self {
        let (sender, answer) = Self::channel(held);
        Self { waiting: Some((waiting, sender)), awaited: false, ..answer }
    }

    /// An operation whose fields are passed on by `supply`.
    pub(crate) fn supplied(self, supply: Box<dyn Supply>) -> Self {
        Self { supply: Some(supply), ..self }
    }

    /// An operation that has failed already.
    pub(crate) fn failed(failure: Failure, text: &str) -> Self {
        let (sender, answer) = Self::channel(0);
        // There is room for one field, and the answer is still there.
        let _ = sender.try_send(Field::error(failure, text));
        answer
    }

    /// The same operation, as one that has failed: whatever it would have said is replaced.
    pub(crate) fn instead(self, failure: Failure, text: &str) -> Self {
        Self { held: self.held, ..Self::failed(failure, text) }
    }

    /// The next field, for whoever passes them on to another process. None at the end.
    pub(crate) fn poll_field(&mut self, context: &mut Context<'_>) -> Poll<Option<Field>> {
        if let Some(work) = &mut self.work {
            let Poll::Ready(field) = work.as_mut().poll(context) else { return Poll::Pending };
            self.work = None;
            return Poll::Ready(Some(field));
        }
        self.fields.poll_recv(context)
    }

    /// What the caller is to answer, if that is whom this waits for; else what it came to at once.
    pub(crate) fn into_waiting(mut self) -> Result<Waiting, Option<Field>> {
        match self.waiting {
            Some((waiting, _)) => Ok(waiting),
            None => Err(self.fields.try_recv().ok()),
        }
    }

    /// What the meter holds for it.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Ready once there is something to take, or once it is known that nothing more will come.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.taken < self.rest.len() {
            return Poll::Ready(());
        }
        self.poll_field(context).map(|field| self.load(field))
    }

    fn load(&mut self, field: Option<Field>) {
        if let (Some(supply), Some(_)) = (&mut self.supply, &field) {
            supply.taken();
        }
        (self.rest, self.taken) = (field.map(Field::encode).unwrap_or_default(), 0);
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

/// What a guest's `take` comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many bytes were copied.
    Bytes(u32),
    /// There is nothing to take yet.
    NotYet,
    /// Nothing more will come.
    End,
}

/// The operations of a session at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct KeptOperations {
    #[serde(deserialize_with = "bounded::list::<OPEN_MAX, _, _>")]
    waiting: Vec<(u32, Waiting, u64)>,
    last: u32,
}

impl KeptOperations {
    /// What the caller has yet to answer.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u32, &Waiting)> {
        self.waiting.iter().map(|(id, waiting, _)| (*id, waiting))
    }

    /// Whether each waits for a tool that `is_one` knows.
    pub(crate) fn waits_for(&self, is_one: impl Fn(&str) -> bool) -> bool {
        self.waiting.iter().all(|(id, waiting, _)| *id != 0 && is_one(&waiting.tool))
    }
}

/// The open operations of a session.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    open: BTreeMap<u32, Answer>,
    last: u32,
}

impl Operations {
    /// Whether no more can be opened now.
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= OPEN_MAX
    }

    /// Whether something could still come that the guest has not been told of.
    pub(crate) fn is_expecting(&self) -> bool {
        self.open.values().any(|answer| answer.awaited)
    }

    /// Opens one. Numbers begin at 1, and come again only when all others have been used.
    pub(crate) fn open(&mut self, answer: Answer) -> u32 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.open.contains_key(&self.last) {
                self.open.insert(self.last, answer);
                return self.last;
            }
        }
    }

    /// Whether operation `id` is one that the caller has yet to answer.
    pub(crate) fn is_of_the_caller(&self, id: u32) -> bool {
        self.open.get(&id).is_some_and(|answer| answer.waiting.is_some())
    }

    /// What the caller has yet to answer.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u32, &Waiting)> {
        self.open.iter().filter_map(|(id, answer)| Some((*id, &answer.waiting.as_ref()?.0)))
    }

    /// The caller answers an operation. False if it does not wait for that.
    pub(crate) fn answer(&mut self, id: u32, field: Field) -> bool {
        let Some(answer) = self.open.get_mut(&id) else { return false };
        let Some((_, sender)) = answer.waiting.take() else { return false };
        answer.awaited = true;
        // There is room for one field, and the receiver is there.
        sender.try_send(field).is_ok()
    }

    /// What stays when the session rests: what the caller has yet to answer. All else is given up.
    pub(crate) fn kept(&self) -> KeptOperations {
        let waiting =
            |(id, answer): (&u32, &Answer)| Some((*id, answer.waiting.as_ref()?.0.clone(), answer.held));
        KeptOperations { waiting: self.open.iter().filter_map(waiting).collect(), last: self.last }
    }

    /// What the meter holds for operations that do not stay.
    pub(crate) fn held_by_others(&self) -> u64 {
        self.open.values().filter(|answer| answer.waiting.is_none()).map(|answer| answer.held).sum()
    }

    /// The operations of a session that goes on.
    pub(crate) fn resume(kept: &KeptOperations) -> Self {
        let answer =
            |(id, waiting, held): &(u32, Waiting, u64)| (*id, Answer::of_the_caller(*held, waiting.clone()));
        Self { open: kept.waiting.iter().take(OPEN_MAX).map(answer).collect(), last: kept.last }
    }

    /// Ready once operation `id`, or any if it is 0, has something to take or has ended.
    ///
    /// Waiting for any tells of each operation once, and again only after the guest has found nothing to take: one that it leaves
    /// alone for now does not keep it awake.
    pub(crate) fn poll_ready(&mut self, id: u32, context: &mut Context<'_>) -> Poll<u32> {
        if id != 0 {
            let Some(answer) = self.open.get_mut(&id) else { return Poll::Ready(id) };
            return answer.poll_ready(context).map(|()| id);
        }
        for (id, answer) in self.open.iter_mut().filter(|(_, answer)| answer.awaited) {
            if answer.poll_ready(context).is_ready() {
                answer.awaited = false;
                return Poll::Ready(*id);
            }
        }
        Poll::Pending
    }

    /// Copies the next bytes of an answer to the guest. One that is at its end is closed; one that is not open is at its end.
    pub(crate) fn take(
        &mut self,
        meter: &mut Meter,
        memory: &mut GuestMemory<'_>,
        id: u32,
        (ptr, len): (u32, u32),
    ) -> Result<Taken, Stop> {
        let room = memory.bytes_mut(ptr, len)?;
        let Some(answer) = self.open.get_mut(&id) else { return Ok(Taken::End) };
        if answer.taken == answer.rest.len() {
            if answer.work.is_some() {
                answer.awaited = true;
                return Ok(Taken::NotYet);
            }
            match answer.fields.try_recv() {
                Ok(field) => answer.load(Some(field)),
                Err(TryRecvError::Empty) => {
                    answer.awaited = answer.waiting.is_none();
                    return Ok(Taken::NotYet);
                }
                Err(TryRecvError::Disconnected) => {
                    self.close(meter, id);
                    return Ok(Taken::End);
                }
            }
        }
        let rest = &answer.rest[answer.taken..];
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        answer.taken += count;
        Ok(Taken::Bytes(u32::try_from(count).expect("no more than the guest asked for")))
    }

    /// Closes an operation, whatever state it is in. Who works for it finds its channel closed.
    pub(crate) fn close(&mut self, meter: &mut Meter, id: u32) {
        if let Some(answer) = self.open.remove(&id) {
            meter.release(answer.held);
        }
    }
}

/// A field cut off a request: its tag, its bytes, and what follows.
type Cut<'a> = (u32, &'a [u8], &'a [u8]);

/// The next field of a request: its tag, its bytes, and what follows. None at the end.
pub(crate) fn next_field(fields: &[u8]) -> Result<Option<Cut<'_>>, String> {
    let word = |at: usize| fields.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word));
    if fields.is_empty() {
        return Ok(None);
    }
    let whole = word(0).zip(word(4)).and_then(|(tag, len)| {
        let (bytes, rest) = fields[8..].split_at_checked(len as usize)?;
        Some((tag, bytes, rest))
    });
    whole.map(Some).ok_or_else(|| "a field is cut off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use std::task::Waker;

    fn take(operations: &mut Operations, id: u32, len: u32) -> (Taken, Vec<u8>) {
        let mut bytes = vec![0; len as usize];
        let mut meter = Meter::new(&Limits::default());
        let taken = operations.take(&mut meter, &mut GuestMemory::new(&mut bytes), id, (0, len)).unwrap();
        (taken, bytes)
    }

    fn ready(operations: &mut Operations, id: u32) -> Poll<u32> {
        operations.poll_ready(id, &mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_answer_is_taken_in_pieces_of_any_size() {
        let mut operations = Operations::default();
        let (sender, answer) = Answer::channel(0);
        let id = operations.open(answer);
        assert_eq!(take(&mut operations, id, 8).0, Taken::NotYet);
        sender.try_send(Field { tag: 7, bytes: b"abc".to_vec() }).unwrap();
        assert_eq!(take(&mut operations, id, 8), (Taken::Bytes(8), vec![7, 0, 0, 0, 3, 0, 0, 0]));
        assert_eq!(take(&mut operations, id, 2), (Taken::Bytes(2), b"ab".to_vec()));
        assert_eq!(take(&mut operations, id, 2).0, Taken::Bytes(1));
        drop(sender);
        assert_eq!(ready(&mut operations, id), Poll::Ready(id));
        assert_eq!(take(&mut operations, id, 2).0, Taken::End);
        assert!(operations.open.is_empty());
    }

    #[test]
    fn what_was_reported_is_reported_again_only_after_it_was_empty() {
        let mut operations = Operations::default();
        let (first, answer) = Answer::channel(0);
        let one = operations.open(answer);
        let (second, answer) = Answer::channel(0);
        let two = operations.open(answer);
        assert_eq!(ready(&mut operations, 0), Poll::Pending);
        first.try_send(Field { tag: 2, bytes: Vec::new() }).unwrap();
        second.try_send(Field { tag: 2, bytes: Vec::new() }).unwrap();
        assert_eq!(ready(&mut operations, 0), Poll::Ready(one));
        assert_eq!(ready(&mut operations, 0), Poll::Ready(two));
        assert_eq!(ready(&mut operations, 0), Poll::Pending);
        assert_eq!(ready(&mut operations, one), Poll::Ready(one), "whoever asks for it is told");
        assert!(!operations.is_expecting());
        assert_eq!(take(&mut operations, one, 8).0, Taken::Bytes(8));
        assert_eq!(take(&mut operations, one, 8).0, Taken::NotYet);
        assert!(operations.is_expecting());
        drop(first);
        assert_eq!(ready(&mut operations, 0), Poll::Ready(one));
    }

    #[test]
    fn who_works_for_an_operation_learns_that_it_was_dropped() {
        let mut operations = Operations::default();
        let mut meter = Meter::new(&Limits::default());
        meter.hold(100).unwrap();
        let (sender, answer) = Answer::channel(100);
        let id = operations.open(answer);
        operations.close(&mut meter, id);
        assert!(sender.is_closed());
        assert_eq!(take(&mut operations, id, 1).0, Taken::End);
        assert_eq!(ready(&mut operations, id), Poll::Ready(id));
        let before = meter.peak_bytes();
        meter.hold(100).unwrap();
        assert_eq!(meter.peak_bytes(), before, "what was held is given back");
    }
}
