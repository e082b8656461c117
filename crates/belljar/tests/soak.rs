//! Many short runs, one after the other, without growth of memory.
//!
//! `BELLJAR_SOAK_RUNS=1000000 cargo test -p belljar --release --test soak` runs a million on each engine.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

mod common;
#[path = "common/process.rs"]
mod process;

use std::time::Instant;

use belljar::MIB;
use common::{jar, repr};

const RUNS_DEFAULT: u64 = 20_000;

/// How much the process may have grown at the end, whatever the number of runs: what allocators keep back, not a leak. A leak of
/// 1 KiB a run is found at 20,000 runs, and one of 20 bytes at a million.
const GROWTH_BYTES_MAX: u64 = 12 * MIB;

fn runs() -> u64 {
    std::env::var("BELLJAR_SOAK_RUNS")
        .map_or(RUNS_DEFAULT, |text| text.parse().expect("BELLJAR_SOAK_RUNS is a number of runs"))
}

/// One short run: prints, raises, allocates or writes a file, in turn.
fn soak(image: &str, programs: &[(&str, Option<&str>)]) {
    let jar = jar(image);
    let run = |count: u64| {
        for number in 0..count {
            let (code, value) = programs[usize::try_from(number).unwrap_or_default() % programs.len()];
            let outcome = jar.run_blocking(code).expect("the code is run");
            match value {
                Some(value) => assert_eq!(repr(&outcome), value, "{image}, run {number}"),
                None => assert!(outcome.error.is_some(), "{image}, run {number}: {outcome:?}"),
            }
        }
    };
    let total = runs();
    // Everything that is made once is made, and slots of the pool have been used more than once.
    run((total / 4).max(100));
    let before = process::resident_bytes();
    let begun = Instant::now();
    run(total);
    let after = process::resident_bytes();
    let each = begun.elapsed().as_secs_f64() * 1e6 / total as f64;
    eprintln!("{image}: {total} runs, {each:.0} µs each, from {} to {} KiB", before / 1024, after / 1024);
    let grown = after.saturating_sub(before);
    assert!(grown <= GROWTH_BYTES_MAX, "{image}: {total} runs grew the process by {} KiB", grown / 1024);
}

#[test]
fn memory_is_flat_over_many_runs() {
    // One after the other: what is measured belongs to the whole process.
    soak(
        "microjs",
        &[
            ("1 + 2", Some("3")),
            ("print('hello'); var a = []; for (var i = 0; i < 100; i++) a.push(i); a.length", Some("100")),
            ("null.x", None),
        ],
    );
    soak(
        "javascript",
        &[
            ("1 + 2", Some("3")),
            ("console.log('hello'); [...Array(1000).keys()].map(String).join().length", Some("3889")),
            ("null.x", None),
            ("await new Promise((done) => queueMicrotask(() => done(7)))", Some("7")),
        ],
    );
    soak(
        "python",
        &[
            ("1 + 2", Some("3")),
            ("print('hello')\nlen(','.join(map(str, range(1000))))", Some("3889")),
            ("1 / 0", None),
            ("open('/tmp/a', 'w').write('text' * 100)", Some("400")),
        ],
    );
}
