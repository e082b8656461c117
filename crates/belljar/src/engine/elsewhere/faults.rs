//! Page faults, on systems that do not count those of a thread: there may always have been one.

/// Drives `future` to its end, and says that a thread may have met a page fault while it worked for it.
pub(super) async fn watch<F: Future>(future: F) -> (F::Output, bool) {
    (future.await, true)
}
