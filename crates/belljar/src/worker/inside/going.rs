//! Calls that go on in a worker: how the parent reaches them while a thread is busy with them.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::cancel::CancelToken;
use crate::worker::frame::AHEAD_MAX;
use crate::worker::services::Reply;

/// A call that goes on.
#[derive(Debug)]
pub(super) struct Going {
    pub(super) call: u64,
    pub(super) cancel: CancelToken,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whether nobody waits for the answer.
    is_abandoned: bool,
    /// Frames that are not answered, and were sent and not taken.
    ahead: u32,
    /// What was read for it, and not handed over yet.
    pieces: VecDeque<Vec<u8>>,
    room: Option<OwnedFd>,
    reply: Option<(Reply, Option<OwnedFd>)>,
    waker: Option<Waker>,
}

impl Going {
    pub(super) fn new(call: u64) -> Arc<Self> {
        Arc::new(Self { call, cancel: CancelToken::new(), state: Mutex::default(), changed: Condvar::new() })
    }

    /// Nobody waits for it any more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// So many of its frames were taken.
    pub(super) fn taken(&self, frames: u32) {
        let mut state = self.lock();
        state.ahead = state.ahead.saturating_sub(frames);
        drop(state);
        self.changed.notify_all();
    }

    /// Something was read for it.
    pub(super) fn piece(&self, bytes: Vec<u8>) {
        self.lock().pieces.push_back(bytes);
        self.changed.notify_all();
    }

    /// There is room for its answer.
    pub(super) fn room(&self, room: OwnedFd) {
        self.lock().room = Some(room);
        self.changed.notify_all();
    }

    /// Waits for room. None if nobody waits for the answer any more.
    pub(super) fn wait_for_room(&self) -> Option<OwnedFd> {
        self.wait_for(|state| state.room.take())
    }

    /// The reply to what it asked.
    pub(super) fn reply(&self, reply: Reply, lent: Option<OwnedFd>) {
        self.lock().reply = Some((reply, lent));
        self.changed.notify_all();
    }

    /// Waits for that. None if nobody waits for the answer to the call any more.
    pub(super) fn wait_for_reply(&self) -> Option<(Reply, Option<OwnedFd>)> {
        self.wait_for(|state| state.reply.take())
    }

    /// Waits until one more frame may be sent that is not answered.
    pub(super) fn wait_to_say(&self) -> Option<()> {
        self.wait_for(|state| {
            let has_room = state.ahead < AHEAD_MAX;
            has_room.then(|| state.ahead += 1)
        })
    }

    /// Waits for what was read for it. None if nobody waits for the answer any more.
    pub(super) fn wait_for_piece(&self) -> Option<Vec<u8>> {
        self.wait_for(|state| state.pieces.pop_front())
    }

    fn wait_for<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.is_abandoned {
                return None;
            }
            if let Some(found) = ready(&mut state) {
                return Some(found);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that ends when nobody waits for it any more: it is dropped when it next lets go of its thread, which code does every few milliseconds.
pub(super) struct UntilAbandoned<'a, F> {
    work: Pin<Box<F>>,
    going: &'a Going,
}

impl<'a, F: Future> UntilAbandoned<'a, F> {
    pub(super) fn new(work: F, going: &'a Going) -> Self {
        Self { work: Box::pin(work), going }
    }
}

impl<F: Future> Future for UntilAbandoned<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        {
            let mut state = self.going.lock();
            if state.is_abandoned {
                return Poll::Ready(None);
            }
            if state.waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
                state.waker = Some(context.waker().clone());
            }
        }
        self.work.as_mut().poll(context).map(Some)
    }
}
