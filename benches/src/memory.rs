//! What the system says of the memory of processes.
//!
//! It is read from `statm`, which says of any process what it says of this one: workers cannot be looked into by an ordinary user.

use anyhow::{Context, Result};
use belljar::Workers;

/// Memory of one process, or of several together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// What is in the machine's memory.
    pub(crate) resident_bytes: u64,
    /// What of that is shared with nobody and differs from what files hold.
    pub(crate) private_bytes: u64,
}

impl Memory {
    /// This process.
    pub(crate) fn of_self() -> Result<Self> {
        Self::of("self")
    }

    /// All workers. One that has just died has none.
    pub(crate) fn of_workers(workers: &Workers) -> Self {
        let each = workers.processes().into_iter().map(|process| Self::of(&process.id.to_string()));
        each.filter_map(Result::ok).fold(Self::default(), Self::and)
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            resident_bytes: self.resident_bytes + other.resident_bytes,
            private_bytes: self.private_bytes + other.private_bytes,
        }
    }

    fn of(process: &str) -> Result<Self> {
        let path = format!("/proc/{process}/statm");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let page = rustix::param::page_size() as u64;
        let mut bytes = text.split(' ').skip(1).map_while(|pages| Some(pages.parse::<u64>().ok()? * page));
        let (Some(resident_bytes), Some(of_files)) = (bytes.next(), bytes.next()) else {
            anyhow::bail!("{path} makes no sense");
        };
        Ok(Self { resident_bytes, private_bytes: resident_bytes.saturating_sub(of_files) })
    }
}
