//! What a run may use of the network: how many requests, and how many bytes in both directions together.

use std::sync::atomic::{AtomicU64, Ordering};

use super::policy::Refusal;
use crate::host::operations::Failure;

/// What a run may use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowance {
    pub(super) requests: u64,
    pub(super) bytes: u64,
}

/// Counts for a session; those who send and receive do so on other threads.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    requests: AtomicU64,
    requests_max: AtomicU64,
    bytes: AtomicU64,
    bytes_max: AtomicU64,
}

impl Traffic {
    /// Begins a run.
    pub(super) fn begin_run(&self, allowance: Allowance) {
        self.requests.store(0, Ordering::Relaxed);
        self.requests_max.store(allowance.requests, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        self.bytes_max.store(allowance.bytes, Ordering::Relaxed);
    }

    /// Counts a request.
    pub(super) fn request(&self) -> Result<(), Refusal> {
        let max = self.requests_max.load(Ordering::Relaxed);
        if self.requests.fetch_add(1, Ordering::Relaxed) < max {
            return Ok(());
        }
        Err((
            Failure::Limit,
            format!("the run made more than {max} requests over the network (net_requests)"),
        ))
    }

    /// Counts bytes that are about to be sent, or were received.
    pub(super) fn bytes(&self, count: usize) -> Result<(), Refusal> {
        let max = self.bytes_max.load(Ordering::Relaxed);
        let count = count as u64;
        if self.bytes.fetch_add(count, Ordering::Relaxed).saturating_add(count) <= max {
            return Ok(());
        }
        Err((Failure::Limit, format!("the run moved more than {max} bytes over the network (net_bytes)")))
    }
}
