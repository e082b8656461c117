//! Whether anybody who worked for a run met a page fault: a page that a session has not written before cannot be written without one.
//!
//! So while there was none, the pages that a session was given for itself are those that it had before, and the kernel's table need not be
//! looked through again. Faults of other causes only make that look happen once more.

use std::task::Poll;

/// Drives `future` to its end, and says whether a thread met a page fault while it worked for it.
pub(super) async fn watch<F: Future>(future: F) -> (F::Output, bool) {
    let mut future = std::pin::pin!(future);
    let mut met = false;
    let output = std::future::poll_fn(|context| {
        let before = of_this_thread();
        let polled: Poll<F::Output> = future.as_mut().poll(context);
        met |= before.is_none() || of_this_thread() != before;
        polled
    })
    .await;
    (output, met)
}

/// How many page faults the calling thread has met, if the system can say.
#[expect(unsafe_code, reason = "no crate that is used has a safe form of this call")]
fn of_this_thread() -> Option<(i64, i64)> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes one `struct rusage`, for which there is room, and every pattern of bits is one.
    let usage = unsafe {
        match libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) {
            0 => usage.assume_init(),
            _ => return None,
        }
    };
    Some((usage.ru_minflt, usage.ru_majflt))
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;
    use crate::blocking::block_on;

    #[test]
    fn writing_a_page_for_the_first_time_is_noticed_and_writing_it_again_is_not() {
        let page = rustix::param::page_size();
        // So large that it comes from the kernel, and nobody has touched it.
        let mut memory = vec![0u8; 64 * 1024 * 1024];
        let mut met = |at: usize, value: u8| block_on(watch(async { *black_box(&mut memory[at]) = value })).1;
        assert!(met(3 * page, 1), "the first write");
        // Whatever else the machine does to this thread, one write of a hundred meets no fault.
        assert!((0..100).any(|value| !met(3 * page + 1, value)), "writing again");
        assert!(met(700 * page, 1), "the first write of another page");
    }
}
