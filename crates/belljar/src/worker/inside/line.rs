//! The way from a worker to its parent.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::Sender;

use super::going::Going;
use super::leave;
use crate::host::operations::Field;
use crate::worker::channel::{Channel, Received, Wait};
use crate::worker::frame::{FRAME_BYTES_MAX, Up, encode};
use crate::worker::memory::SharedMemory;
use crate::worker::services::{self, Ask, LineDown, OperationAsk, OperationNumber, Reply, SessionNumber};

/// The channel, and who waits for something that comes over it.
#[derive(Debug)]
pub(super) struct Line {
    channel: Channel,
    /// The call that goes on in each session: what it asks, it asks as a part of that.
    calls: Mutex<HashMap<SessionNumber, Arc<Going>>>,
    operations: Mutex<HashMap<(SessionNumber, OperationNumber), Sender<Field>>>,
}

/// A session whose questions are a call's, until this is dropped.
pub(super) struct Serving<'a> {
    line: &'a Line,
    session: SessionNumber,
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        held(&self.line.calls).remove(&self.session);
    }
}

impl Line {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, calls: Mutex::default(), operations: Mutex::default() }
    }

    /// What there is to hear now.
    pub(super) fn receive(&self, ear: &mut [u8]) -> Received {
        self.channel.receive(ear, Wait::No)
    }

    /// What there is to hear within a moment.
    pub(super) fn receive_soon(&self, ear: &mut [u8]) -> Received {
        self.channel.receive_soon(ear)
    }

    /// Sleeps until there may be something to hear.
    pub(super) fn sleep(&self) {
        self.channel.sleep();
    }

    /// Says something. A parent that cannot be reached is gone, and this process goes with it.
    pub(super) fn say(&self, what: &Up) {
        self.say_frame(&encode(what));
    }

    pub(super) fn say_frame(&self, frame: &[u8]) {
        if self.channel.send(frame, None, Wait::Yes).is_err() {
            leave(0);
        }
    }

    /// Puts what is too long for a frame where the parent can read it, and gives what is to be said of that. None if nobody waits for the call any more.
    pub(super) fn put(&self, going: &Going, message: &[u8]) -> Option<Up> {
        self.say(&Up::WantsRoom { call: going.call, bytes: message.len() as u64 });
        let room = SharedMemory::from_descriptor(going.wait_for_room()?);
        room.fill(message).ok().map(|()| Up::InRoom { call: going.call })
    }

    /// What a session asks is a part of this call, as long as that is kept.
    pub(super) fn serve(&self, session: u64, going: &Arc<Going>) -> Serving<'_> {
        let session = SessionNumber(session);
        held(&self.calls).insert(session, Arc::clone(going));
        Serving { line: self, session }
    }

    /// The next field of an operation, or that it is over.
    pub(super) fn field(&self, session: SessionNumber, operation: OperationNumber, field: Option<Field>) {
        let mut operations = held(&self.operations);
        match field {
            // The parent sends no more than there is room for, and to one that was given up nothing is sent.
            Some(field) => {
                if let Some(fields) = operations.get(&(session, operation)) {
                    let _ = fields.try_send(field);
                }
            }
            None => drop(operations.remove(&(session, operation))),
        }
    }

    fn call(&self, session: SessionNumber) -> Result<Arc<Going>, LineDown> {
        held(&self.calls).get(&session).cloned().ok_or(LineDown)
    }

    /// Says something that has no answer, when there is room for it.
    fn tell(&self, session: SessionNumber, what: impl FnOnce(u64) -> Up) -> Result<(), LineDown> {
        let going = self.call(session)?;
        going.wait_to_say().ok_or(LineDown)?;
        self.say_any(&going, &what(going.call))
    }

    fn say_any(&self, going: &Going, what: &Up) -> Result<(), LineDown> {
        let frame = encode(what);
        if frame.len() <= FRAME_BYTES_MAX {
            self.say_frame(&frame);
            return Ok(());
        }
        let there = self.put(going, &frame).ok_or(LineDown)?;
        self.say(&there);
        Ok(())
    }
}

impl services::Line for Line {
    fn ask(&self, session: SessionNumber, ask: Ask) -> Result<(Reply, Option<OwnedFd>), LineDown> {
        let going = self.call(session)?;
        self.say_any(&going, &Up::Ask { call: going.call, ask })?;
        going.wait_for_reply().ok_or(LineDown)
    }

    fn begin(
        &self,
        session: SessionNumber,
        operation: OperationNumber,
        ask: OperationAsk,
        fields: Sender<Field>,
    ) -> Result<(), LineDown> {
        held(&self.operations).insert((session, operation), fields);
        let begun = self.tell(session, |call| Up::Begin { call, operation, ask });
        if begun.is_err() {
            held(&self.operations).remove(&(session, operation));
        }
        begun
    }

    fn more(&self, session: SessionNumber, operation: OperationNumber) {
        // Nobody who waits for nothing needs more.
        let _ = self.tell(session, |call| Up::More { call, operation });
    }

    fn give_up(&self, session: SessionNumber, operation: OperationNumber) {
        held(&self.operations).remove(&(session, operation));
        let _ = self.tell(session, |call| Up::NoMore { call, operation });
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
