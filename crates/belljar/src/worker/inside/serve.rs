//! The threads of a worker. One listens at a time; when it has heard a call it lets another one listen, and does what it was asked. When that is done it
//! stays awake for a moment, since whoever had an answer often asks again.
//!
//! So a call is done by the thread that heard of it, without a handover, and the parent is heard while code runs.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::going::{Going, UntilAbandoned};
use super::images::Images;
use super::leave;
use super::line::Line;
use super::sessions::Sessions;
use super::streams::{FarInput, FarSink};
use crate::blocking::block_on;
use crate::error::{Error, Result};
use crate::jar::Jar;
use crate::request::Request;
use crate::worker::asked::Asked;
use crate::worker::channel::{Channel, Received, buffer};
use crate::worker::frame::{Call, Down, FRAME_BYTES_MAX, Reply, Up, decode, encode};
use crate::worker::memory::SharedMemory;
use crate::worker::refusal::Refusal;
use crate::worker::services::far::Far;
use crate::worker::services::{self, SessionNumber};

/// Threads besides those that run code: one that listens, and one for what is quick.
const MORE_THREADS: u32 = 2;

/// What a thread does while another one listens.
enum Work {
    Call(Arc<Going>, Call),
    /// A session has ended.
    Drop(u64),
}

/// Everything that the threads share.
struct Server {
    line: Arc<Line>,
    /// Held by the thread that sleeps until there is something to hear.
    watch: Mutex<()>,
    /// What is heard. It is held until what was heard is noted, so that all is noted in order.
    ear: Mutex<Vec<u8>>,
    images: Images,
    jars: Mutex<HashMap<u64, Jar>>,
    sessions: Sessions,
    going: Mutex<HashMap<u64, Arc<Going>>>,
}

/// Does what the parent asks until the channel is closed.
pub(super) fn serve(channel: Channel, images: Images, runs_max: u32) -> ! {
    let server = Arc::new(Server {
        line: Arc::new(Line::new(channel)),
        watch: Mutex::default(),
        ear: Mutex::new(buffer()),
        images,
        jars: Mutex::default(),
        sessions: Sessions::default(),
        going: Mutex::default(),
    });
    for _ in 1..runs_max + MORE_THREADS {
        let server = Arc::clone(&server);
        let begun = std::thread::Builder::new().name("belljar-runs".to_owned()).spawn(move || server.work());
        if begun.is_err() {
            // With fewer threads fewer runs go on at once.
            break;
        }
    }
    server.work()
}

impl Server {
    fn work(&self) -> ! {
        let mut soon = None;
        loop {
            match soon.take().unwrap_or_else(|| self.next_work()) {
                Work::Call(going, what) => {
                    let done = block_on(UntilAbandoned::new(self.act(what, &going), &going));
                    self.answer(&going, done);
                    soon = self.work_soon();
                }
                Work::Drop(session) => self.sessions.remove(session),
            }
        }
    }

    /// Listens until there is work.
    fn next_work(&self) -> Work {
        let _watch = held(&self.watch);
        loop {
            self.line.sleep();
            let mut ear = held(&self.ear);
            let received = self.line.receive(&mut ear);
            if let Some(work) = self.heard(received, &ear) {
                return work;
            }
        }
    }

    /// Listens for a moment, if nothing else goes on.
    fn work_soon(&self) -> Option<Work> {
        if !held(&self.going).is_empty() {
            return None;
        }
        let mut ear = self.ear.try_lock().ok()?;
        loop {
            let received = self.line.receive_soon(&mut ear);
            if matches!(received, Received::NotYet) {
                return None;
            }
            if let Some(work) = self.heard(received, &ear) {
                return Some(work);
            }
        }
    }

    /// Takes in what was heard: gives it back if it is work, and else does it at once.
    fn heard(&self, received: Received, ear: &[u8]) -> Option<Work> {
        let (length, attached) = match received {
            Received::Frame(length, attached) => (length, attached),
            // Another thread has heard it.
            Received::NotYet => return None,
            Received::End | Received::NoFrame(_) => leave(0),
        };
        match self.said(&ear[..length], attached) {
            (Down::Call { call, what }, _) => {
                let going = Going::new(call);
                held(&self.going).insert(call, Arc::clone(&going));
                Some(Work::Call(going, what))
            }
            (Down::Drop { session }, _) => Some(Work::Drop(session)),
            (other, attached) => {
                self.note(other, attached);
                None
            }
        }
    }

    fn said(&self, frame: &[u8], attached: Option<OwnedFd>) -> (Down, Option<OwnedFd>) {
        match (decode(frame), attached) {
            (Ok(Down::InMemory), Some(memory)) => {
                let memory = SharedMemory::from_descriptor(memory);
                let message = memory.bytes().and_then(|bytes| memory.read(bytes));
                match message.ok().and_then(|message| decode(&message).ok()) {
                    Some(said) => (said, None),
                    None => leave(0),
                }
            }
            (Ok(said), attached) => (said, attached),
            (Err(_), _) => leave(0),
        }
    }

    fn note(&self, said: Down, attached: Option<OwnedFd>) {
        let going = |call| held(&self.going).get(&call).map(Arc::clone);
        match said {
            Down::Jar { number, form } => {
                let jar = decode(&form).map_err(|what| Error::Internal(what.to_owned()));
                match jar.and_then(|form| self.images.jar(form)) {
                    Ok(jar) => drop(held(&self.jars).insert(number, jar)),
                    Err(error) => tracing::error!(%error, "a jar cannot be made here"),
                }
            }
            Down::ForgetJar { number } => drop(held(&self.jars).remove(&number)),
            Down::Cancel { call } => going(call).iter().for_each(|going| going.cancel.cancel()),
            Down::Abandon { call } => going(call).iter().for_each(|going| going.abandon()),
            Down::Taken { call, frames } => going(call).iter().for_each(|going| going.taken(frames)),
            Down::Piece { call, bytes } => {
                if let Some(going) = going(call) {
                    going.piece(bytes);
                }
            }
            Down::Room { call } => {
                if let (Some(going), Some(room)) = (going(call), attached) {
                    going.room(room);
                }
            }
            Down::Reply { call, reply } => {
                if let Some(going) = going(call) {
                    going.reply(reply, attached);
                }
            }
            Down::Field { session, operation, field } => self.line.field(session, operation, field),
            Down::Setup(_) | Down::Call { .. } | Down::Drop { .. } | Down::InMemory => {}
        }
    }

    /// Does what is asked.
    async fn act(&self, what: Call, going: &Arc<Going>) -> Result<Reply> {
        let sessions = &self.sessions;
        let session = what.session();
        // A call that nobody waits for any more may still be letting go of the session.
        let _turn = sessions.turn(session).await;
        let _serving = self.line.serve(session, going);
        match what {
            Call::Once { jar, asked, .. } => {
                let outcome = self.jar(jar, session)?.run(self.request(*asked, going)).await?;
                Ok(Reply::Ran(Box::new(outcome.into())))
            }
            Call::Run { asked, is_last, .. } => {
                let request = self.request(*asked, going);
                let outcome = sessions.run(session, request, is_last).await?;
                Ok(Reply::Ran(Box::new(outcome.into())))
            }
            Call::Start { jar, .. } => sessions.start(session, self.jar(jar, session)?).await,
            Call::Resume { jar, body, .. } => sessions.resume(session, self.jar(jar, session)?, &body),
            Call::Fork { first, count, .. } => {
                sessions.fork(session, (first, count), |number| Arc::new(self.far(number)))
            }
            other => sessions.act(session, other).await,
        }
    }

    /// A jar, for a session: what that wants of the host it asks the parent for, in its own name.
    fn jar(&self, number: u64, session: u64) -> Result<Jar> {
        let jar = held(&self.jars).get(&number).cloned();
        let mut jar = jar.ok_or_else(|| Error::Internal("the jar is not known here".to_owned()))?;
        jar.elsewhere = Some(Arc::new(self.far(session)));
        Ok(jar)
    }

    fn far(&self, session: u64) -> Far {
        Far::new(Arc::clone(&self.line) as Arc<dyn services::Line>, SessionNumber(session))
    }

    fn request(&self, asked: Asked, going: &Arc<Going>) -> Request {
        let (has_sink, has_input) = (asked.has_sink, asked.has_input);
        if asked.is_cancelled {
            going.cancel.cancel();
        }
        let mut request = asked.into_request().cancel_with(&going.cancel);
        if has_sink {
            request.sink = Some(Box::new(FarSink { going: Arc::clone(going), line: Arc::clone(&self.line) }));
        }
        if has_input {
            request.stdin = Some(Box::new(FarInput::new(Arc::clone(going), Arc::clone(&self.line))));
        }
        request
    }

    /// Answers a call, in brief if nobody waits any more.
    fn answer(&self, going: &Going, done: Option<Result<Reply>>) {
        let call = going.call;
        let brief = || Up::Done { call, done: Ok(Reply::Nothing) };
        let done = done.map_or_else(brief, |done| Up::Done { call, done: done.map_err(Refusal::from) });
        let mut frame = encode(&done);
        if frame.len() > FRAME_BYTES_MAX {
            frame = encode(&self.line.put(going, &frame).unwrap_or_else(brief));
        }
        held(&self.going).remove(&call);
        self.line.say_frame(&frame);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
