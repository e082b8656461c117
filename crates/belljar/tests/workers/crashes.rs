//! Workers that die, hang, or are ended: what their callers are told, and that others go on.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use belljar::{Ended, Error, Jar, Limits, Outcome, SessionState, SnapshotKey, Workers};

use crate::shared::{alone, begun, block_on, pid, plain, repr, signal, telling, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    crashes::a_worker_that_dies_is_an_outcome_and_is_replaced,
    crashes::a_worker_that_hangs_is_ended,
    crashes::a_session_is_lost_with_its_worker_and_says_so,
    crashes::a_session_with_checkpoints_goes_on_in_another_worker,
    crashes::others_go_on,
    crashes::workers_shut_down_when_what_runs_has_ended,
    crashes::killed_all_along_no_answer_is_lost_or_wrong,
    crashes::whoever_ends_workers_again_and_again_waits_and_others_do_not,
];

/// Code that says when it runs, and goes on.
pub(crate) const ENDLESS: &str = "print('on', flush=True)\nwhile True: pass";

/// Checks that a run is told of as one whose worker died, and gives the fault.
#[track_caller]
pub(crate) fn crashed(outcome: &Outcome) -> String {
    let error = outcome.error.as_ref().unwrap();
    assert_eq!((outcome.ended, error.r#type.as_str()), (Ended::Crashed, "WorkerDied"), "{outcome:?}");
    let fault = error.message.split("fault ").nth(1).unwrap().trim_end_matches(')').to_owned();
    assert_eq!(fault.len(), 32, "{}", error.message);
    fault
}

pub(crate) fn a_worker_that_dies_is_an_outcome_and_is_replaced() {
    for how in ["KILL", "ABRT", "SYS", "XCPU"] {
        let (workers, jar) = alone("python");
        let first = pid(&workers);
        let running = begun(&jar, ENDLESS);
        signal(first, how);
        let outcome = running.join().unwrap().unwrap();
        assert_eq!(outcome.ended, Ended::Crashed, "after {how}");
        crashed(&outcome);
        assert_eq!(outcome.session, SessionState::Closed);
        assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42", "{how}");
        assert_ne!(pid(&workers), first);
    }
}

pub(crate) fn a_worker_that_hangs_is_ended() {
    let (workers, jar) = alone("javascript");
    let limits = Limits { time_ms: 100, ..Limits::default() };
    let jar = jar.with_limits(limits).unwrap();
    let running = begun(&jar, "console.log('on'); for (;;) {}");
    let begun = Instant::now();
    signal(pid(&workers), "STOP");
    crashed(&running.join().unwrap().unwrap());
    let took = begun.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(4)).contains(&took), "{took:?}");
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
}

pub(crate) fn a_session_is_lost_with_its_worker_and_says_so() {
    let (workers, jar) = alone("python");
    let session = jar.session().unwrap();
    session.run_blocking("n = 1").unwrap();
    signal(pid(&workers), "KILL");
    until(Duration::from_secs(5), || session.is_closed());
    let lost = session.run_blocking("n").unwrap_err();
    let Error::WorkerLost { fault } = &lost else { panic!("{lost:?}") };
    assert_eq!(lost.to_string(), format!("the worker died in which this was (fault {fault})"));
    assert!(matches!(session.read_file("/a"), Err(Error::WorkerLost { .. })));
    assert_eq!(repr(&jar.session().unwrap().run_blocking("6 * 7").unwrap()), "42");
}

pub(crate) fn a_session_with_checkpoints_goes_on_in_another_worker() {
    let workers = Workers::builder(1).checkpoints().build();
    let jar = plain("python").in_workers(&workers).unwrap();
    let session = jar.session().unwrap();
    session.run_blocking("n = 1").unwrap();
    session.run_blocking("n += 1; open('/work/a', 'w').write('kept')").unwrap();
    // Between two runs.
    let before = pid(&workers);
    signal(before, "KILL");
    until(Duration::from_secs(10), || workers.processes().iter().all(|process| process.id != before));
    assert_eq!(repr(&session.run_blocking("n += 1; [n, open('/work/a').read()]").unwrap()), "[3, 'kept']");
    // In the middle of one.
    std::thread::scope(|scope| {
        let (request, told) = telling("n = 99\nprint('on', flush=True)\nwhile True: pass");
        let running = scope.spawn(|| session.run_blocking(request));
        told.recv().unwrap();
        signal(pid(&workers), "KILL");
        let outcome = running.join().unwrap().unwrap();
        crashed(&outcome);
        assert_eq!(outcome.session, SessionState::RolledBack);
    });
    assert!(!session.is_closed());
    assert_eq!(repr(&session.run_blocking("n").unwrap()), "3");
}

pub(crate) fn others_go_on() {
    let workers = Workers::new(2);
    let jar = plain("python").in_workers(&workers).unwrap();
    until(Duration::from_secs(20), || workers.processes().len() == 2);
    // Each in its own worker: the one with less to do is chosen.
    let (one, other) = (jar.session().unwrap(), jar.session().unwrap());
    one.run_blocking("n = 1").unwrap();
    other.run_blocking("n = 2").unwrap();
    signal(workers.processes()[0].id, "KILL");
    until(Duration::from_secs(5), || one.is_closed() || other.is_closed());
    let alive = if one.is_closed() { (&other, "2") } else { (&one, "1") };
    assert_eq!(repr(&alive.0.run_blocking("n").unwrap()), alive.1);
    until(Duration::from_secs(20), || workers.processes().len() == 2);
}

pub(crate) fn workers_shut_down_when_what_runs_has_ended() {
    let (workers, jar) = alone("python");
    let process = pid(&workers);
    let running = std::thread::spawn({
        let jar = jar.clone();
        move || jar.run_blocking("import time; time.sleep(0.3); 'ended'")
    });
    until(Duration::from_secs(5), || workers.processes().iter().any(|process| process.runs == 1));
    block_on(workers.shutdown(Duration::from_secs(10)));
    assert_eq!(repr(&running.join().unwrap().unwrap()), "'ended'");
    assert!(matches!(jar.run_blocking("1"), Err(Error::WorkersStopped)));
    until(Duration::from_secs(5), || !std::path::Path::new(&format!("/proc/{process}")).exists());

    // What does not end in time is ended.
    let (workers, jar) = alone("python");
    let running = std::thread::spawn(move || jar.run_blocking("while True: pass"));
    until(Duration::from_secs(5), || workers.processes().iter().any(|process| process.runs == 1));
    let begun = Instant::now();
    block_on(workers.shutdown(Duration::from_millis(100)));
    assert!(matches!(running.join().unwrap(), Err(Error::WorkersStopped)));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// Runs code, as often as it is put off.
fn patient(jar: &Jar, code: &str) -> Outcome {
    loop {
        match jar.run_blocking(code) {
            Err(Error::TooManyDeaths { pause_ms }) => std::thread::sleep(Duration::from_millis(pause_ms)),
            outcome => return outcome.unwrap(),
        }
    }
}

pub(crate) fn killed_all_along_no_answer_is_lost_or_wrong() {
    let workers = Workers::new(2);
    let jar = plain("javascript").in_workers(&workers).unwrap();
    let (is_over, ended) = (AtomicBool::new(false), AtomicU32::new(0));
    let (mut answered, mut died) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut kills = 0;
            while !is_over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
                // As often as much was done, however fast the machine is.
                if ended.load(Ordering::SeqCst) < kills * 25 {
                    continue;
                }
                kills += 1;
                if let Some(process) = workers.processes().first() {
                    // It may have ended since.
                    let _ =
                        std::process::Command::new("kill").args(["-KILL", &process.id.to_string()]).output();
                }
            }
        });
        let runs: Vec<_> = (0..4)
            .map(|thread| {
                let (jar, ended) = (&jar, &ended);
                scope.spawn(move || {
                    let mut counts = (0, 0);
                    for number in 0..100 {
                        let outcome = patient(jar, &format!("{thread} * 1000 + {number}"));
                        ended.fetch_add(1, Ordering::SeqCst);
                        if outcome.ended == Ended::Crashed {
                            crashed(&outcome);
                            counts.1 += 1;
                        } else {
                            assert_eq!(repr(&outcome), (thread * 1000 + number).to_string());
                            counts.0 += 1;
                        }
                    }
                    counts
                })
            })
            .collect();
        for run in runs {
            let (fine, lost) = run.join().unwrap();
            answered += fine;
            died += lost;
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(answered + died, 400);
    assert!(answered > 200, "{answered} were answered, and {died} died");
}

pub(crate) fn whoever_ends_workers_again_and_again_waits_and_others_do_not() {
    let workers = Workers::new(1);
    let of = |tenant: &str| {
        let key = SnapshotKey::new([1; 32]).tenant(tenant);
        let limits = Limits { time_ms: 500, ..Limits::default() };
        let jar = plain("microjs").with_limits(limits).unwrap().with_snapshot_key(key);
        jar.in_workers(&workers).unwrap()
    };
    let (crashing, other) = (of("crashing"), of("other"));
    let mut ended = 0;
    let told = (0..100).find_map(|_| {
        std::thread::scope(|scope| {
            let running = scope.spawn(|| crashing.run_blocking("for (;;) {}"));
            // One that was ended before may still be told of.
            let has_begun =
                || workers.processes().iter().any(|process| process.runs == 1 && process.id != ended);
            until(Duration::from_secs(10), || has_begun() || running.is_finished());
            if !running.is_finished() {
                ended = pid(&workers);
                signal(ended, "KILL");
            }
            // One that had not begun when its worker died runs in the next one, to its deadline.
            running.join().unwrap().err()
        })
    });
    let Some(Error::TooManyDeaths { pause_ms }) = told else { panic!("{told:?}") };
    assert!((1..=30_000).contains(&pause_ms), "{pause_ms}");
    assert_eq!(repr(&other.run_blocking("6 * 7").unwrap()), "42");
    // It is put off, and not shut out.
    assert_eq!(repr(&patient(&crashing, "6 * 7")), "42");
}
