//! What the machine gives to this process and its workers, looked at again and again.

use std::time::Duration;

use anyhow::{Context, Result};
use belljar::Workers;

use crate::memory::Memory;

/// One look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub(super) at: Duration,
    pub(super) parent: Memory,
    pub(super) workers: Memory,
    /// Descriptors of this process.
    pub(super) descriptors: u64,
    /// Processes whose parent this is, dead ones that nobody has buried included.
    pub(super) children: u64,
}

impl Look {
    pub(super) fn take(at: Duration, workers: &[&Workers]) -> Result<Self> {
        let memory = workers.iter().map(|workers| Memory::of_workers(workers));
        Ok(Self {
            at,
            parent: Memory::of_self()?,
            workers: memory.fold(Memory::default(), Memory::and),
            descriptors: entries("/proc/self/fd")?,
            children: children()?,
        })
    }
}

fn entries(folder: &str) -> Result<u64> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("listing {folder}"))?;
    Ok(entries.count() as u64)
}

fn children() -> Result<u64> {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").context("listing /proc")?.filter_map(Result::ok);
    let is_child = |entry: &std::fs::DirEntry| {
        // One that has ended since is none.
        let text = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, in brackets, may hold anything.
        text.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(own.as_str())
    };
    Ok(processes.filter(is_child).count() as u64)
}

/// Something that must not grow, as it was in the second and in the last third of the time.
#[derive(Clone, Debug)]
pub(super) struct Growth {
    pub(super) what: &'static str,
    pub(super) second: f64,
    pub(super) last: f64,
    /// The most that the last third may have.
    pub(super) most: f64,
}

impl Growth {
    pub(super) fn holds(&self) -> bool {
        self.last <= self.most
    }
}

/// How many looks it takes to say something about growth.
pub(super) const LOOKS_MIN: usize = 30;

/// What allocators and the pauses between two deaths may add, besides a tenth.
const MEMORY_SLACK_MIB: f64 = 16.0;
const DESCRIPTORS_SLACK: f64 = 16.0;
const CHILDREN_SLACK: f64 = 1.0;

/// Compares the last third of the looks with the one before. None when there are too few.
pub(super) fn growth(looks: &[Look]) -> Option<[Growth; 3]> {
    if looks.len() < LOOKS_MIN {
        return None;
    }
    let third = looks.len() / 3;
    let (second, last) = (&looks[third..2 * third], &looks[2 * third..]);
    let compare = |what, slack: f64, of: &dyn Fn(&Look) -> f64| {
        let mean = |looks: &[Look]| looks.iter().map(of).sum::<f64>() / looks.len() as f64;
        let (second, last) = (mean(second), mean(last));
        Growth { what, second, last, most: second * 1.1 + slack }
    };
    Some([
        compare("resident MiB of the parent", MEMORY_SLACK_MIB, &|look| mib(look.parent.resident_bytes)),
        compare("descriptors of the parent", DESCRIPTORS_SLACK, &|look| look.descriptors as f64),
        compare("child processes", CHILDREN_SLACK, &|look| look.children as f64),
    ])
}

/// Bytes in MiB.
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_noticed() {
        let looks = |grows: u64| -> Vec<Look> {
            let look = |at: u64| Look { descriptors: 40 + grows * at, children: 3, ..Look::default() };
            (0..90).map(look).collect()
        };
        let holds = |grows| growth(&looks(grows)).unwrap().map(|growth| growth.holds());
        assert_eq!((holds(0), holds(1)), ([true; 3], [true, false, true]));
        assert!(growth(&looks(0)[..LOOKS_MIN - 1]).is_none());
    }

    #[test]
    fn a_look_sees_this_process_and_its_children() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let look = Look::take(Duration::ZERO, &[]).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(look.parent.resident_bytes > look.parent.private_bytes);
        assert!(look.parent.private_bytes > 0 && look.descriptors >= 3 && look.children >= 1);
    }
}
