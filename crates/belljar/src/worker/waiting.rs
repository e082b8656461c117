//! Waiting for the answer to a call: output goes to whoever takes it, input is read for it, and time is kept.
//!
//! The worker keeps the limits of a run itself. What is kept here is a second clock, for a worker that does not.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::asked::Own;
use super::calls::{Event, Expect};
use super::channel::AWAKE;
use super::claim;
use super::collected::Collected;
use super::frame::{AHEAD_MAX, CALL_TIME_MAX, Call, Down, HARD_GRACE, PIECE_BYTES_MAX, Reply};
use super::listen::{Heard, take_frames};
use super::peer::{Held, Worker};
use super::refusal::Refusal;
use super::served::Served;
use super::services::SessionNumber;
use super::services::serving::{Nonsense, Services};

use crate::blocking::has_time;
use crate::engine::cancel::CancelToken;
use crate::engine::clock::Alarm;
use crate::error::{Error, Result};
use crate::host::input::Input;
use crate::host::output::Sink;
use crate::host::stopwatch::monotonic;

/// Something to be asked of a worker, and what serves the session that it is about.
pub(super) struct Asking<'a> {
    pub(super) worker: &'a Arc<Worker>,
    /// What is kept until it is answered.
    pub(super) held: Held,
    pub(super) what: Call,
    pub(super) session: u64,
    pub(super) served: &'a mut Served,
}

/// A call that runs no code, and whose answer has at most so many bytes.
pub(super) async fn ask(asking: Asking<'_>, answer_bytes_max: u64) -> Result<Answer> {
    let expect = Expect { answer_bytes_max, output_bytes_max: 0, may_read: false };
    Waiting::begin(asking, expect, CALL_TIME_MAX)?.await
}

/// A call that runs code.
///
/// With the output, if the worker does not know what must not be shown of it.
pub(super) async fn run(asking: Asking<'_>, own: Own) -> Result<(Answer, Option<Collected>)> {
    let Own { limits, stdin, mut sink, cancel } = own;
    let secrets = asking.served.secrets();
    let collected = secrets.map(|secrets| Collected::new(&limits, sink.take(), secrets));
    let expect = Expect {
        answer_bytes_max: claim::bytes_max(&limits),
        output_bytes_max: match (&sink, &collected) {
            // It comes no faster than it is taken, for as long as the run may last.
            (_, Some(_)) => u64::MAX,
            (Some(_), None) => claim::printed_bytes_max(&limits),
            (None, None) => 0,
        },
        may_read: stdin.is_some(),
    };
    asking.served.begin_run(&limits);
    let mut waiting = Waiting::begin(asking, expect, limits.time() + HARD_GRACE)?;
    waiting.sink = sink;
    waiting.input = stdin.map(Input::from_reader);
    cancel.attach(&waiting.alarm);
    waiting.cancel = Some(cancel);
    waiting.collected = collected;
    let answer = (&mut waiting).await?;
    Ok((answer, waiting.collected.take()))
}

/// What a worker answered.
pub(super) type Answer = std::result::Result<Reply, Refusal>;

/// A call that is waited for. If it is dropped before it is answered, the worker hears of it.
struct Waiting<'a> {
    worker: Arc<Worker>,
    call: u64,
    session: SessionNumber,
    served: &'a mut Served,
    events: Receiver<Event>,
    sink: Option<Box<dyn Sink>>,
    collected: Option<Collected>,
    input: Option<Input>,
    wants_input: bool,
    cancel: Option<CancelToken>,
    is_stopped: bool,
    alarm: Arc<Alarm>,
    due: Duration,
    /// Until when a thread that has nothing else to do stays awake for what comes next.
    awake_until: Duration,
    /// Frames of output that were taken, and of which the worker has not heard.
    taken: u32,
    is_over: bool,
}

impl<'a> Waiting<'a> {
    fn begin(asking: Asking<'a>, expect: Expect, time: Duration) -> Result<Self> {
        let Asking { worker, held, what, session, served } = asking;
        let (call, events) = worker.call(held, what, expect)?;
        Ok(Self {
            worker: Arc::clone(worker),
            call,
            session: SessionNumber(session),
            served,
            events,
            sink: None,
            collected: None,
            input: None,
            wants_input: false,
            cancel: None,
            is_stopped: false,
            alarm: Alarm::new(),
            due: monotonic() + time,
            awake_until: monotonic() + AWAKE,
            taken: 0,
            is_over: false,
        })
    }

    /// Takes in what has come. Ready when it is over.
    fn poll_events(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer>> {
        loop {
            match self.events.poll_recv(context) {
                Poll::Ready(Some(Event::Output(stream, bytes))) => {
                    if let Some(sink) = &mut self.sink {
                        sink.write(stream, &bytes);
                    }
                    if self.collected.as_mut().is_some_and(|collected| collected.take(stream, &bytes)) {
                        self.stop();
                    }
                    self.took_one();
                }
                Poll::Ready(Some(Event::WantsInput)) => self.wants_input = true,
                Poll::Ready(Some(Event::Ask(ask))) => {
                    if let Some(services) = self.services() {
                        let (reply, lent) = services.serve(ask);
                        self.worker.reply(self.call, reply, lent);
                        self.awake_until = monotonic() + AWAKE;
                    }
                }
                Poll::Ready(Some(Event::Begin(operation, ask))) => {
                    let begun = self.services().map(|services| services.begin(operation, &ask));
                    self.took(begun);
                }
                Poll::Ready(Some(Event::More(operation))) => {
                    let more = self.services().map(|services| services.more(operation));
                    self.took(more);
                }
                Poll::Ready(Some(Event::GiveUp(operation))) => {
                    if let Some(services) = self.services() {
                        services.give_up(operation);
                    }
                    self.took_one();
                }
                Poll::Ready(Some(Event::Done(answer))) => {
                    self.is_over = true;
                    return Poll::Ready(Ok(answer));
                }
                Poll::Ready(None) => {
                    self.is_over = true;
                    return Poll::Ready(Err(self.worker.lost()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Hears the worker itself while the answer may be there in a moment: the thread that listens to it would have to be woken, and then wake this one. Where
    /// others wait as well, there is better use for a processor. Whether to look at what has come.
    fn hear_soon(&self) -> bool {
        if !has_time() || monotonic() >= self.awake_until || self.worker.calls.len() != 1 {
            return false;
        }
        // What is heard is acted on without the ear: whoever takes the output may use this worker himself.
        let Ok(heard) = self.worker.ear.try_lock().map(|mut ear| take_frames(&self.worker, &mut ear)) else {
            return false;
        };
        match heard {
            Ok(Heard::Nothing) => std::thread::yield_now(),
            Ok(Heard::More) => {}
            // The thread that listens notices it as well, and sees to its end.
            Ok(Heard::End) => return false,
            Err(violation) => self.worker.doom(violation.to_owned()),
        }
        true
    }

    /// What serves the session. Without it, the worker can do nothing for anybody.
    fn services(&mut self) -> Option<&mut Services> {
        match self.served.services() {
            Ok(services) => Some(services),
            Err(error) => {
                self.worker.doom(format!("had a session that cannot be served: {error}"));
                None
            }
        }
    }

    /// A frame that is not answered was taken. Something that no worker says ends it.
    fn took(&mut self, served: Option<std::result::Result<(), Nonsense>>) {
        if let Some(Err(nonsense)) = served {
            self.worker.doom(nonsense.to_string());
        }
        self.took_one();
    }

    fn took_one(&mut self) {
        self.taken += 1;
        if self.taken >= AHEAD_MAX / 2 {
            let frames = std::mem::take(&mut self.taken);
            self.worker.calls.taken(self.call, frames);
            self.worker.tell(&Down::Taken { call: self.call, frames });
        }
    }

    /// Tells what has come of operations.
    fn poll_operations(&mut self, context: &mut Context<'_>) {
        let Some(services) = self.served.begun() else { return };
        while let Poll::Ready((operation, field)) = services.poll_told(context) {
            self.worker.tell(&Down::Field { session: self.session, operation, field });
        }
    }

    /// Hands over what was asked to be read, when it is there.
    fn poll_input(&mut self, context: &Context<'_>) {
        if !self.wants_input {
            return;
        }
        let mut bytes = Vec::new();
        if let Some(input) = &mut self.input {
            if input.poll_ready(context).is_pending() {
                return;
            }
            bytes = input.take(PIECE_BYTES_MAX);
        }
        self.wants_input = false;
        self.worker.calls.answered_input(self.call);
        self.worker.tell(&Down::Piece { call: self.call, bytes });
    }

    /// Has the code stopped.
    fn stop(&mut self) {
        if !std::mem::replace(&mut self.is_stopped, true) {
            self.due = self.due.min(monotonic() + HARD_GRACE);
            self.worker.tell(&Down::Cancel { call: self.call });
        }
    }

    /// Looks whether it was cancelled, or has taken longer than it can.
    fn poll_time(&mut self, context: &Context<'_>) {
        if self.cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
            self.stop();
        }
        if self.due != Duration::MAX && self.alarm.poll_until(self.due, context).is_ready() {
            self.worker.doom("did not answer in time".to_owned());
            self.due = Duration::MAX;
            self.alarm.clear();
        }
    }
}

impl Future for Waiting<'_> {
    type Output = Result<Answer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(over) = self.poll_events(context) {
                return Poll::Ready(over);
            }
            self.poll_operations(context);
            self.poll_input(context);
            self.poll_time(context);
            if !self.hear_soon() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(cancel) = &self.cancel {
            cancel.detach();
        }
        if !self.is_over {
            self.served.give_up_all();
            self.worker.abandon(self.call);
        }
    }
}

/// An answer of a kind that the question does not have.
pub(super) fn foreign(worker: &Worker) -> Error {
    worker.doom("answered something else than it was asked".to_owned());
    worker.lost()
}
