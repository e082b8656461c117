//! How many workers there are, and what each may take on.

use std::path::PathBuf;

use crate::engine::runtime::SESSIONS_MAX_DEFAULT;

/// How many runs a worker has going at once, unless it is told otherwise. Most of them wait for something, or the processor is shared.
const RUNS_MAX_DEFAULT: u32 = 8;

/// How many runs wait for a worker, unless it is told otherwise.
const QUEUE_MAX_DEFAULT: usize = 1000;

/// The most threads of a worker.
pub(super) const WORKER_THREADS_MAX: u64 = 512;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) processes: usize,
    pub(super) program: Option<PathBuf>,
    pub(super) sessions_max: u32,
    pub(super) runs_max: u32,
    pub(super) queue_max: usize,
    pub(super) requires_jail: bool,
    pub(super) has_tenant_per_process: bool,
    pub(super) keeps_checkpoints: bool,
    pub(super) memory_mark_bytes: Option<u64>,
    pub(super) memory_max_bytes: Option<u64>,
}

impl Settings {
    pub(super) fn of(processes: usize) -> Self {
        Self {
            processes: processes.max(1),
            program: None,
            sessions_max: SESSIONS_MAX_DEFAULT,
            runs_max: RUNS_MAX_DEFAULT,
            queue_max: QUEUE_MAX_DEFAULT,
            requires_jail: false,
            has_tenant_per_process: false,
            keeps_checkpoints: false,
            memory_mark_bytes: None,
            memory_max_bytes: None,
        }
    }
}
