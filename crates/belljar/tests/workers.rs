//! Worker processes: this program is its own workers, so it has a `main` of its own, and runs its tests itself.
//!
//! `cargo test -p belljar --release --test workers [NAME]`
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "workers/bounds.rs"]
mod bounds;
#[path = "workers/crashes.rs"]
mod crashes;
#[path = "workers/grants.rs"]
mod grants;
#[path = "workers/hostile.rs"]
mod hostile;
#[path = "workers/lacking.rs"]
mod lacking;
#[path = "workers/log.rs"]
mod log;
#[path = "workers/programs.rs"]
mod programs;
#[path = "workers/runs.rs"]
mod runs;
#[path = "workers/scheduling.rs"]
mod scheduling;
#[path = "workers/sessions.rs"]
mod sessions;
#[path = "workers/shared.rs"]
mod shared;
#[path = "workers/stopping.rs"]
mod stopping;
#[path = "workers/told.rs"]
mod told;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use belljar::Workers;

/// A test and its name.
type Test = (&'static str, fn());

/// The tests that are named, with their names.
macro_rules! tests {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), crate::$module::$name as fn())),*]
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    Workers::serve_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hostile", how] => hostile::be(how),
        ["parent"] => programs::be_a_parent(),
        ["service", grace_ms] => stopping::be_a_service(Duration::from_millis(grace_ms.parse().unwrap())),
        ["worker-without", what] => lacking::be_a_worker_without(what),
        _ => {}
    }
    log::keep();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["full-shared-memory"] => lacking::be_where_shared_memory_is_full(),
        ["short-files"] => lacking::be_where_files_are_short(),
        _ => {}
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let all = [
        runs::TESTS,
        sessions::TESTS,
        grants::TESTS,
        crashes::TESTS,
        programs::TESTS,
        hostile::TESTS,
        scheduling::TESTS,
        stopping::TESTS,
        bounds::TESTS,
        lacking::TESTS,
        told::TESTS,
    ];
    let wanted = |(name, _): &&Test| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let tests: Vec<&Test> = all.into_iter().flatten().filter(wanted).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed) = (0, 0);
    let begun = Instant::now();
    for (name, test) in tests {
        if catch_unwind(test).is_ok() {
            passed += 1;
            println!("test {name} ... ok");
        } else {
            failed += 1;
            println!("test {name} ... FAILED");
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let took = begun.elapsed().as_secs_f64();
    println!(
        "test result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {took:.2}s"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
