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
use super::claim;
use super::frame::{CALL_TIME_MAX, Call, Down, HARD_GRACE, OUTPUT_AHEAD, PIECE_BYTES_MAX, Reply};
use super::peer::{Held, Worker};
use super::refusal::Refusal;

use crate::engine::cancel::CancelToken;
use crate::engine::clock::Alarm;
use crate::error::{Error, Result};
use crate::host::input::Input;
use crate::host::output::Sink;
use crate::host::stopwatch::monotonic;

/// A call that runs no code, and whose answer has at most so many bytes.
pub(super) async fn ask(worker: &Arc<Worker>, held: Held, what: Call, answer_bytes_max: u64) -> Result<Answer> {
    let expect = Expect { answer_bytes_max, output_bytes_max: 0, may_read: false };
    let (call, events) = worker.call(held, what, expect)?;
    Waiting::new((worker, call, events), CALL_TIME_MAX).await
}

/// A call that runs code.
pub(super) async fn run(worker: &Arc<Worker>, held: Held, what: Call, own: Own) -> Result<Answer> {
    let Own { limits, stdin, sink, cancel } = own;
    let expect = Expect {
        answer_bytes_max: claim::bytes_max(&limits),
        output_bytes_max: if sink.is_some() { claim::printed_bytes_max(&limits) } else { 0 },
        may_read: stdin.is_some(),
    };
    let (call, events) = worker.call(held, what, expect)?;
    let mut waiting = Waiting::new((worker, call, events), limits.time() + HARD_GRACE);
    waiting.sink = sink;
    waiting.input = stdin.map(Input::from_reader);
    cancel.attach(&waiting.alarm);
    waiting.cancel = Some(cancel);
    waiting.await
}

/// What a worker answered.
pub(super) type Answer = std::result::Result<Reply, Refusal>;

/// A call that is waited for. If it is dropped before it is answered, the worker hears of it.
struct Waiting {
    worker: Arc<Worker>,
    call: u64,
    events: Receiver<Event>,
    sink: Option<Box<dyn Sink>>,
    input: Option<Input>,
    wants_input: bool,
    cancel: Option<CancelToken>,
    is_cancelled: bool,
    alarm: Arc<Alarm>,
    due: Duration,
    /// Frames of output that were taken, and of which the worker has not heard.
    taken: u32,
    is_over: bool,
}

impl Waiting {
    fn new((worker, call, events): (&Arc<Worker>, u64, Receiver<Event>), time: Duration) -> Self {
        Self {
            worker: Arc::clone(worker),
            call,
            events,
            sink: None,
            input: None,
            wants_input: false,
            cancel: None,
            is_cancelled: false,
            alarm: Alarm::new(),
            due: monotonic() + time,
            taken: 0,
            is_over: false,
        }
    }

    /// Takes in what has come. Ready when it is over.
    fn poll_events(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer>> {
        loop {
            match self.events.poll_recv(context) {
                Poll::Ready(Some(Event::Output(stream, bytes))) => {
                    if let Some(sink) = &mut self.sink {
                        sink.write(stream, &bytes);
                    }
                    self.taken += 1;
                    if self.taken >= OUTPUT_AHEAD / 2 {
                        let frames = std::mem::take(&mut self.taken);
                        self.worker.calls.taken(self.call, frames);
                        self.worker.tell(&Down::Taken { call: self.call, frames });
                    }
                }
                Poll::Ready(Some(Event::WantsInput)) => self.wants_input = true,
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

    /// Looks whether it was cancelled, or has taken longer than it can.
    fn poll_time(&mut self, context: &Context<'_>) {
        if !self.is_cancelled && self.cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
            self.is_cancelled = true;
            self.due = self.due.min(monotonic() + HARD_GRACE);
            self.worker.tell(&Down::Cancel { call: self.call });
        }
        if self.due != Duration::MAX && self.alarm.poll_until(self.due, context).is_ready() {
            self.worker.doom("did not answer in time".to_owned());
            self.due = Duration::MAX;
            self.alarm.clear();
        }
    }
}

impl Future for Waiting {
    type Output = Result<Answer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let over = self.poll_events(context);
        if over.is_pending() {
            self.poll_input(context);
            self.poll_time(context);
        }
        over
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(cancel) = &self.cancel {
            cancel.detach();
        }
        if !self.is_over {
            self.worker.abandon(self.call);
        }
    }
}

/// An answer of a kind that the question does not have.
pub(super) fn foreign(worker: &Worker) -> Error {
    worker.doom("answered something else than it was asked".to_owned());
    worker.lost()
}
