//! Workers that are killed, all along.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use belljar::Workers;
use rustix::process::{Pid, Signal, kill_process};

use super::chance::Chance;

/// How long it sleeps at once, so that it ends soon.
const NAP: Duration = Duration::from_millis(20);

/// Kills one of the workers every now and then, until it is over.
pub(super) fn reap(workers: &[&Workers], pause: Duration, is_over: &AtomicBool, kills: &AtomicU64) {
    let (mut chance, mut last) = (Chance::new(9), Instant::now());
    while !is_over.load(Ordering::SeqCst) {
        std::thread::sleep(NAP);
        if last.elapsed() < pause {
            continue;
        }
        let processes: Vec<u32> =
            workers.iter().flat_map(|workers| workers.processes()).map(|one| one.id).collect();
        if processes.is_empty() {
            continue;
        }
        last = Instant::now();
        let victim = i32::try_from(*chance.one_of(&processes)).ok().and_then(Pid::from_raw);
        // Counted before, so that nobody hears of a death that nobody knows of.
        kills.fetch_add(1, Ordering::SeqCst);
        if victim.is_none_or(|victim| kill_process(victim, Signal::KILL).is_err()) {
            kills.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
