//! Cancelling a run from elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::clock::Alarm;

/// Cancels one run from anywhere: give a clone of it to the [`Request`](crate::Request) and keep the other.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{CancelToken, Ended, Jar, Request};
///
/// let token = CancelToken::new();
/// let request = Request::new("for (;;) {}").cancel_with(&token);
/// std::thread::spawn(move || token.cancel());
/// assert_eq!(Jar::open("javascript")?.run_blocking(request)?.ended, Ended::Cancelled);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<Token>);

#[derive(Debug, Default)]
struct Token {
    cancelled: AtomicBool,
    /// The alarm of the run that the token was given to, while it goes on.
    alarm: Mutex<Weak<Alarm>>,
}

impl CancelToken {
    /// A token that cancels nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels the run. One that has not begun yet ends as soon as it begins; one that has ended stays as it ended.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        if let Some(alarm) = self.0.alarm.lock().unwrap_or_else(PoisonError::into_inner).upgrade() {
            alarm.ring();
        }
    }

    /// Whether the run was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// The run that the token belongs to begins, and is looked at when `alarm` rings.
    pub(crate) fn attach(&self, alarm: &Arc<Alarm>) {
        *self.0.alarm.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(alarm);
        // Who cancelled before this line found no alarm to ring.
        if self.is_cancelled() {
            alarm.ring();
        }
    }

    pub(crate) fn detach(&self) {
        *self.0.alarm.lock().unwrap_or_else(PoisonError::into_inner) = Weak::new();
    }
}
