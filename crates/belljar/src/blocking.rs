//! Runs a future on the calling thread, for callers that are not asynchronous.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static HAS_TIME: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread has nothing else to do than to wait for one future, so that it may as well look for what it waits for.
pub(crate) fn has_time() -> bool {
    HAS_TIME.get()
}

/// Whether this thread had time before; it is as it was when this is dropped, also by a panic.
struct Had(bool);

impl Drop for Had {
    fn drop(&mut self) {
        HAS_TIME.set(self.0);
    }
}

/// Drives `future` to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        let polled = {
            let _had = Had(HAS_TIME.replace(true));
            future.as_mut().poll(&mut context)
        };
        match polled {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_future_that_waits_is_woken() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || sender.send(7));
        assert_eq!(super::block_on(receiver), Ok(7));
    }
}
