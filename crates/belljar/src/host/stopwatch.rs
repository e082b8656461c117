//! The machine's own time: what has passed, and what a run has used of the processor over all threads that worked for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Time since the process first asked, never going back.
pub(crate) fn monotonic() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// CPU time of one run. Only the thread that works for the run writes; the same thread reads, from the epoch callback.
#[derive(Debug, Default)]
pub(crate) struct CpuTime {
    /// What was used before the thread that works now took over.
    used_ns: AtomicU64,
    /// CPU time of the working thread when it took over; 0 when none works.
    mark_ns: AtomicU64,
}

impl CpuTime {
    pub(crate) fn reset(&self) {
        self.used_ns.store(0, Ordering::Relaxed);
    }

    /// What the run has used so far.
    pub(crate) fn used(&self) -> Duration {
        let mark = self.mark_ns.load(Ordering::Relaxed);
        let since = if mark == 0 { 0 } else { thread_ns().saturating_sub(mark) };
        Duration::from_nanos(self.used_ns.load(Ordering::Relaxed) + since)
    }

    /// Drives `future` to its end and counts the CPU time of every step. Within another such future, that one counts.
    pub(crate) async fn count<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| {
            if self.mark_ns.load(Ordering::Relaxed) != 0 {
                return future.as_mut().poll(context);
            }
            self.mark_ns.store(thread_ns(), Ordering::Relaxed);
            let polled: Poll<F::Output> = future.as_mut().poll(context);
            let used = u64::try_from(self.used().as_nanos()).unwrap_or(u64::MAX);
            self.used_ns.store(used, Ordering::Relaxed);
            self.mark_ns.store(0, Ordering::Relaxed);
            polled
        })
        .await
    }
}

/// CPU time of the calling thread.
fn thread_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or(0)
}
