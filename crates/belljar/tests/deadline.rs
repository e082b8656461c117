//! How late a run is stopped. In a program of its own, since nothing else may use the processor meanwhile.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use std::time::{Duration, Instant};

use belljar::{Ended, Limits};
use common::jar_with;

const RUNS: usize = 50;
const LIMIT_MS: u64 = 20;

/// How late a run may be, on a machine that has nothing else to do. How late runs are is measured by the benchmarks; this is a bound.
const LATE_MS_MAX: f64 = 20.0;

/// How late a thread that only sleeps is on such a machine.
const QUIET_MS: f64 = 2.0;

/// How often a machine that is not quiet is asked again.
const ROUNDS: usize = 5;

#[test]
fn a_run_ends_soon_after_its_deadline() {
    for (image, code) in [("python", "while True: pass"), ("javascript", "for (;;) {}")] {
        let jar = jar_with(image, Limits { time_ms: LIMIT_MS, ..Limits::default() });
        let run = || {
            let outcome = jar.run_blocking(code).unwrap();
            assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
            outcome.usage.wall_ms - LIMIT_MS as f64
        };
        run();
        let kept = (0..ROUNDS).any(|_| {
            // Side by side, so that both see the same machine.
            let (mut late, mut slept): (Vec<_>, Vec<_>) = (0..RUNS).map(|_| (run(), sleep())).unzip();
            let [late, slept] = [&mut late, &mut slept].map(|all| last_but_one(all));
            eprintln!("{image}: {late:.2} ms late; a thread that sleeps, {slept:.2} ms");
            assert!(late <= LATE_MS_MAX || slept > QUIET_MS, "{image} is stopped {late:.2} ms late");
            late <= LATE_MS_MAX
        });
        if !kept {
            eprintln!("{image}: not checked, since this machine is busy with something else");
        }
    }
}

/// How late a thread wakes up that only slept.
fn sleep() -> f64 {
    let pause = Duration::from_millis(LIMIT_MS);
    let begun = Instant::now();
    std::thread::sleep(pause);
    (begun.elapsed() - pause).as_secs_f64() * 1000.0
}

/// What all but one do not exceed.
fn last_but_one(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() - 2]
}
