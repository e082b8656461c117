//! Rows 1 to 25 of `docs/attacks.md`, as far as the host's side of them must be seen. The rest are programs of the corpus.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

mod common;

use std::sync::Barrier;
use std::time::Duration;

use belljar::{Ended, Error, Image, Jar, Limits, Outcome, Runtime, SessionState};
use common::{Twins, jar, jar_with, repr};

const SPIN: Twins =
    [("python", "print('begun')\nwhile True: pass"), ("javascript", "console.log('begun'); for (;;) {}")];

fn limited(time_ms: u64) -> Limits {
    Limits { time_ms, ..Limits::default() }
}

/// Row 1. The bound is 5 % of the limit and 20 ms at most. A machine that is busy with other things may let a run wait, but none gets more of
/// the processor than that, and the most punctual of them shows what is ours.
#[test]
fn a_busy_loop_ends_within_its_limit() {
    const LIMIT_MS: u64 = 200;
    const LATE_MS_MAX: f64 = LIMIT_MS as f64 * 0.05;
    for (image, code) in SPIN {
        let jar = jar_with(image, limited(LIMIT_MS));
        let mut late: Vec<f64> = (0..9)
            .map(|_| {
                let outcome = jar.run_blocking(code).unwrap();
                assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
                assert_eq!(outcome.stdout, "begun\n", "{image}");
                assert_eq!(outcome.error.unwrap().r#type, "TimeLimit", "{image}");
                let cpu_ms = outcome.usage.cpu_ms;
                assert!(cpu_ms <= LIMIT_MS as f64 + LATE_MS_MAX, "{image} worked for {cpu_ms} ms");
                outcome.usage.wall_ms - LIMIT_MS as f64
            })
            .collect();
        late.sort_by(f64::total_cmp);
        assert!(late[0] >= 0.0, "{image} was stopped before its time: {late:?}");
        assert!(late[0] <= LATE_MS_MAX, "{image} was stopped too late: {late:?} ms");
    }
}

/// Row 1, for CPU time: a run that waits uses none, one that works is stopped when it has used up its own.
#[test]
fn cpu_time_has_a_limit_of_its_own() {
    for (image, code) in SPIN {
        let outcome = jar_with(image, Limits { cpu_ms: 100, ..limited(60_000) }).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        assert!(outcome.error.unwrap().message.contains("CPU time"), "{image}");
        assert!(
            outcome.usage.cpu_ms >= 100.0 && outcome.usage.wall_ms < 30_000.0,
            "{image}: {:?}",
            outcome.usage
        );
    }
}

/// Row 11: waiting counts as wall time, and not as CPU time.
#[test]
fn a_wait_is_counted_and_woken() {
    let twins: Twins = [
        ("python", "import time\ntime.sleep(10**6)"),
        ("javascript", "await new Promise((done) => setTimeout(done, 1e9))"),
    ];
    for (image, code) in twins {
        let outcome =
            jar_with(image, Limits { cpu_ms: 10_000, ..limited(1_000) }).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        let usage = outcome.usage;
        assert!(usage.wall_ms >= 1_000.0 && usage.wall_ms < 10_000.0, "{image}: {usage:?}");
        assert!(usage.cpu_ms < 150.0, "{image} was busy while it waited: {usage:?}");
    }
}

/// Rows 12 and 41: what catches the stop is trapped; the session is lost, and nothing else is.
#[test]
fn code_that_does_not_stop_loses_its_session_only() {
    let hostile: Twins = [
        ("python", "while True:\n  try:\n    while True: pass\n  except BaseException: pass"),
        ("javascript", "const large = 1n << 1000000n; for (;;) String(large)"),
    ];
    for (image, code) in hostile {
        let jar = jar_with(image, limited(100));
        let bystander = jar.session().unwrap();
        bystander.run_blocking("x = 41").unwrap();
        let session = jar.session().unwrap();
        let outcome = session.run_blocking(code).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::TimeLimit, SessionState::RolledBack), "{image}");
        assert_eq!(repr(&session.run_blocking("1 + 2").unwrap()), "3", "{image}");
        assert_eq!(repr(&bystander.run_blocking("x + 1").unwrap()), "42", "{image}");
        assert_eq!(repr(&jar.run_blocking("1 + 1").unwrap()), "2", "{image}");
    }
}

/// Row 20: bytecode that is not what a compiler made can break its own session, and nothing else.
#[test]
fn corrupted_bytecode_harms_its_own_session_only() {
    const CODE: &str = "\
import random
def victim(a, b=2):
    total = 0
    for n in range(a):
        total += n * b
    return [total, {'a': total}]
random.seed(seed)
for _ in range(20):
    code = bytearray(victim.__code__.co_code)
    for _ in range(random.randrange(1, 6)):
        code[random.randrange(len(code))] = random.randrange(256)
    try:
        victim.__code__ = victim.__code__.replace(co_code=bytes(code), co_stacksize=random.randrange(100))
        victim(3)
    except Exception:
        pass
'survived'";
    let jar = jar_with("python", limited(500));
    let bystander = jar.session().unwrap();
    bystander.run_blocking("x = 41").unwrap();
    let mut lost = 0;
    for seed in 0..30 {
        let request = belljar::Request::new(CODE).input("seed", seed.to_string());
        let outcome = jar.run_blocking(request).unwrap();
        let ended = matches!(
            outcome.ended,
            Ended::Completed
                | Ended::Raised
                | Ended::Exited
                | Ended::TimeLimit
                | Ended::MemoryLimit
                | Ended::Crashed
        );
        assert!(ended, "{outcome:?}");
        lost += u32::from(outcome.session == SessionState::Closed);
        assert_eq!(repr(&bystander.run_blocking("x + 1").unwrap()), "42", "after seed {seed}");
    }
    assert!(lost > 0, "no session was broken: this test shows nothing");
}

/// Row 20: the same for what is read as marshalled code.
#[test]
fn forged_marshal_data_harms_its_own_session_only() {
    const CODE: &str = "\
import marshal, random
random.seed(seed)
good = marshal.dumps(compile('def f(a): return [a, 1.5, \"text\", (None, True)]', 'x', 'exec'))
for _ in range(200):
    bad = bytearray(good)
    for _ in range(random.randrange(1, 8)):
        bad[random.randrange(len(bad))] = random.randrange(256)
    try:
        marshal.loads(bytes(bad))
    except Exception:
        pass
'survived'";
    let jar = jar_with("python", limited(5_000));
    let bystander = jar.session().unwrap();
    bystander.run_blocking("x = 41").unwrap();
    for seed in 0..10 {
        let outcome = jar.run_blocking(belljar::Request::new(CODE).input("seed", seed.to_string())).unwrap();
        let survived = outcome.value.as_ref().is_some_and(|value| value.repr == "'survived'");
        assert!(survived || outcome.session == SessionState::Closed, "{outcome:?}");
        assert_eq!(repr(&bystander.run_blocking("x + 1").unwrap()), "42", "after seed {seed}");
    }
}

/// Row 23, as far as it concerns one process: places are counted, one more is refused at once, and a place is free again at once.
#[test]
fn a_flood_of_sessions_is_refused_and_passes() {
    let runtime = Runtime::new(4).unwrap();
    let jar = Jar::new(Image::open(&runtime, "javascript").unwrap()).unwrap();
    let mut held: Vec<_> = (0..4).map(|_| jar.session().unwrap()).collect();
    assert!(matches!(jar.session(), Err(Error::Full { sessions_max: 4 })));
    held.pop();
    let again = jar.session().unwrap();
    assert_eq!(repr(&again.run_blocking("6 * 7").unwrap()), "42");
    for session in &held {
        assert_eq!(repr(&session.run_blocking("6 * 7").unwrap()), "42");
    }
}

/// Row 23: many threads that run many programs at once, hostile ones between them, all get what is theirs.
#[test]
fn many_runs_at_once_do_not_disturb_each_other() {
    const THREADS: usize = 8;
    let twins: Twins = [("python", "[n, sum(range(n))]"), ("javascript", "[n, n * (n - 1) / 2]")];
    let barrier = Barrier::new(THREADS);
    let run = |thread: usize| {
        barrier.wait();
        for round in 0..25 {
            let (image, code) = twins[(thread + round) % 2];
            if round % 8 == 3 {
                let outcome =
                    jar_with(image, limited(20)).run_blocking(SPIN[(thread + round) % 2].1).unwrap();
                assert_eq!(outcome.ended, Ended::TimeLimit);
            }
            let number = thread * 1000 + round;
            let request = belljar::Request::new(code).input("n", number.to_string());
            let outcome = jar(image).run_blocking(request).unwrap();
            let json = format!("[{number},{}]", number * number.saturating_sub(1) / 2);
            assert_eq!(outcome.value.unwrap().json.unwrap().get(), json, "{image}");
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Row 1: runs that overlap do not shorten or lengthen each other's time.
#[test]
fn deadlines_of_runs_at_once_are_their_own() {
    let [short, long] = [50, 400].map(|time_ms| jar_with("javascript", limited(time_ms)));
    let wall = |outcome: Outcome| Duration::from_secs_f64(outcome.usage.wall_ms / 1000.0);
    std::thread::scope(|scope| {
        let long = scope.spawn(|| wall(long.run_blocking(SPIN[1].1).unwrap()));
        for _ in 0..4 {
            assert!(wall(short.run_blocking(SPIN[1].1).unwrap()) >= Duration::from_millis(50));
        }
        assert!(long.join().unwrap() >= Duration::from_millis(400));
    });
}

/// Row 24: calls of the host cannot be used to outrun a deadline, and have a number of their own.
#[test]
fn host_calls_are_counted_and_timed() {
    let twins: Twins = [
        ("python", "import os\nwhile True: os.urandom(1 << 20)"),
        ("javascript", "const bytes = new Uint8Array(65536); for (;;) crypto.getRandomValues(bytes)"),
    ];
    for (image, code) in twins {
        let outcome = jar_with(image, limited(200)).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        assert!(outcome.usage.wall_ms < 5_000.0, "{image}: {:?}", outcome.usage);
        let calls = Limits { host_calls: 500, ..Limits::default() };
        let outcome = jar_with(image, calls).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::FuelLimit, "{image}");
        assert_eq!(outcome.usage.host_calls, 501, "{image}");
    }
}

/// Row 17: a trace function that is left behind sees the code of later runs, and nothing of ours.
#[test]
fn a_trace_function_sees_nothing_of_ours() {
    let session = jar("python").session().unwrap();
    let code = "import sys\nseen = set()\ndef trace(frame, event, argument):\n  seen.add(frame.f_code.co_filename)\n  return trace\nsys.settrace(trace)\nsys.setprofile(trace)\nlen('')";
    session.run_blocking(belljar::Request::new(code).name("first.py")).unwrap();
    session.run_blocking(belljar::Request::new("def f(): return 1\n[f(), f()]").name("second.py")).unwrap();
    session.run_blocking(belljar::Request::new("1 / 0").name("third.py")).unwrap();
    let seen = session
        .run_blocking(belljar::Request::new("import sys\nsys.settrace(None)\nsorted(seen)").name("fourth.py"))
        .unwrap();
    let names: Vec<String> = seen.value.unwrap().json.unwrap().parse().unwrap();
    let own = ["first.py", "second.py", "third.py", "fourth.py"];
    assert!(names.iter().all(|name| own.contains(&name.as_str())), "{names:?}");
}
