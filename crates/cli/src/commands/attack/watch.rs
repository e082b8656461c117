//! A sandbox seen from outside: its processes, their memory and their time on the processor, as the kernel counts them.

use std::fs;
use std::time::Duration;

/// What a tree of processes uses at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Use {
    pub(super) memory_bytes: u64,
    pub(super) cpu: Duration,
}

/// What the process and all below it use. Processes that ended meanwhile use nothing.
pub(super) fn of_tree(root: u32) -> Use {
    let mut used = Use::default();
    for process in tree(root) {
        used.memory_bytes += memory(process, "VmRSS:").unwrap_or_default();
        used.cpu += cpu(process).unwrap_or_default();
    }
    used
}

/// The most memory that the process has had since `forget_peak`, without those below it.
pub(super) fn peak(process: u32) -> u64 {
    memory(process, "VmHWM:").unwrap_or_default()
}

/// From now on, `peak` is counted anew. Where the kernel does not let us, it counts from the start.
pub(super) fn forget_peak(process: u32) {
    let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
}

/// The process and all below it.
pub(super) fn tree(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        next += 1;
        let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|child| child.parse().ok());
            found.extend(children.filter(|child| *child != root).collect::<Vec<u32>>());
        }
    }
    found
}

/// Whether a thread of the process, or of one below it, runs or waits for the processor. On a busy machine that says more than the time it gets.
pub(super) fn runs(root: u32) -> bool {
    tree(root).into_iter().any(|process| {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
        stats.filter_map(|stat| Some(stat.rsplit_once(')')?.1.trim_start().starts_with('R'))).any(|runs| runs)
    })
}

/// A line of a process's status, which counts in KiB.
fn memory(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The time that all threads of a process have had, and those that are gone.
fn cpu(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, brackets and spaces too; what counts comes after it.
    let (_, rest) = stat.rsplit_once(')')?;
    let field = |index: usize| rest.split_whitespace().nth(index)?.parse::<u64>().ok();
    let ticks = field(11)?.checked_add(field(12)?)?;
    Some(Duration::from_millis(ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second().max(1)))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_and_what_it_starts_are_seen() {
        let mut command = Command::new("sh");
        let script = "sleep 60 & echo ready; wait";
        let mut child =
            command.args(["-c", script]).stdout(Stdio::piped()).spawn().expect("there is a shell");
        let mut ready = [0; 6];
        let mut stdout = child.stdout.take().expect("it is piped");
        std::io::Read::read_exact(&mut stdout, &mut ready).expect("it has begun");
        let processes = tree(child.id());
        assert_eq!(processes.len(), 2);
        assert!(runs(std::process::id()), "this process runs");
        assert!(of_tree(child.id()).memory_bytes > 100 * 1024 && peak(child.id()) > 0);
        for process in processes {
            let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
            let process = process.expect("it is a process");
            rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("it is ours");
        }
        child.wait().expect("it is ours");
        assert_eq!(of_tree(child.id()).memory_bytes, 0);
    }
}
