//! Output while code runs, input, and cancelling from elsewhere.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::{self, Twins, jar, repr};
use belljar::{CancelToken, Ended, Request, Stream};

#[test]
fn output_arrives_while_the_code_runs() {
    let twins: Twins =
        [("python", "print('first')\nwhile True: pass"), ("javascript", "console.log('first'); for (;;) {}")];
    for (image, code) in twins {
        let token = CancelToken::new();
        // The sink itself ends the run: the run can only end if the sink is called while it goes on.
        let request = Request::new(code).cancel_with(&token).on_output(move |_, _| token.cancel());
        let outcome = jar(image).run_blocking(request).unwrap();
        assert_eq!(outcome.ended, Ended::Cancelled, "{image}");
        // The line's end may be a write of its own, which then comes too late.
        assert_eq!(outcome.stdout.to_string().trim_end(), "first", "{image}");
    }
}

#[test]
fn the_sink_sees_what_the_outcome_holds() {
    let twins: Twins = [
        ("python", "import sys\nfor n in range(100000):\n  print(n)\n  print(-n, file=sys.stderr)"),
        ("javascript", "for (let n = 0; n < 100000; n++) { console.log(n); console.error(-n) }"),
    ];
    for (image, code) in twins {
        let seen: Arc<Mutex<[Vec<u8>; 2]>> = Arc::default();
        let sink = Arc::clone(&seen);
        let request = Request::new(code).on_output(move |stream, bytes| {
            let which = usize::from(stream == Stream::Stderr);
            sink.lock().unwrap()[which].extend_from_slice(bytes);
        });
        let outcome = jar(image).run_blocking(request).unwrap();
        assert!(outcome.truncated.stdout_bytes > 0, "{image}");
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0], outcome.stdout.as_bytes(), "{image}");
        assert_eq!(seen[1], outcome.stderr.as_bytes(), "{image}");
        assert!(outcome.stdout.to_string().contains("bytes cut ...]"), "{image}");
        assert!(outcome.stdout.as_bytes().ends_with(b"99999\n"), "{image}");
    }
}

#[test]
fn input_is_read_from_what_the_caller_gives() {
    let jar = jar("python");
    let request = Request::new("[input(), input()]").stdin(&b"one\ntwo\n"[..]);
    assert_eq!(repr(&jar.run_blocking(request).unwrap()), "['one', 'two']");
    let outcome = jar.run_blocking("input()").unwrap();
    assert_eq!(outcome.error.unwrap().r#type, "EOFError");
}

/// Code that waits for input that does not come. Python alone reads input.
const READS: &str = "print('begun')\nimport sys\nsys.stdin.read()";

#[test]
fn a_reader_that_blocks_does_not_keep_a_run() {
    let (reader, writer) = std::io::pipe().unwrap();
    let jar = common::jar_with("python", belljar::Limits { time_ms: 200, ..belljar::Limits::default() });
    let session = jar.session().unwrap();
    let outcome = session.run_blocking(Request::new(READS).stdin(reader)).unwrap();
    assert_eq!((outcome.ended, outcome.stdout.to_string()), (Ended::TimeLimit, "begun\n".to_owned()));
    assert!(outcome.usage.wall_ms >= 200.0 && outcome.usage.wall_ms < 5_000.0, "{outcome:?}");
    assert!(outcome.usage.cpu_ms < 150.0, "it was busy while it waited: {outcome:?}");
    // The stop was a soft one: it says where the code was, the session lives on, and its next run has input of its own.
    assert!(outcome.error.unwrap().traceback.contains("line 3"));
    let next = session.run_blocking(Request::new("input()").stdin(&b"x"[..])).unwrap();
    assert_eq!(repr(&next), "'x'");
    drop(writer);
}

#[test]
fn a_reader_that_blocks_does_not_keep_a_run_that_is_cancelled() {
    let (reader, writer) = std::io::pipe().unwrap();
    let token = CancelToken::new();
    let sink = token.clone();
    let request = Request::new(READS).stdin(reader).cancel_with(&token).on_output(move |_, _| sink.cancel());
    assert_eq!(jar("python").run_blocking(request).unwrap().ended, Ended::Cancelled);
    drop(writer);
}

#[test]
fn a_wait_ends_when_it_is_cancelled() {
    let twins: Twins = [
        ("python", "import time\ntime.sleep(9)"),
        ("javascript", "await new Promise(done => setTimeout(done, 9000))"),
    ];
    for (image, code) in twins {
        let session = jar(image).session().unwrap();
        let token = CancelToken::new();
        let request = Request::new(code).cancel_with(&token);
        let start = Instant::now();
        let thread = std::thread::spawn(move || session.run_blocking(request).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        token.cancel();
        assert_eq!(thread.join().unwrap().ended, Ended::Cancelled, "{image}");
        assert!(start.elapsed() < Duration::from_secs(5), "{image}");
    }
}

#[test]
fn a_wait_ends_with_the_time_limit() {
    let twins: Twins = [
        ("python", "import time\ntime.sleep(9)"),
        ("javascript", "await new Promise(done => setTimeout(done, 9000))"),
    ];
    for (image, code) in twins {
        let limits = belljar::Limits { time_ms: 50, ..belljar::Limits::default() };
        let outcome = common::jar_with(image, limits).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        assert!(
            outcome.usage.wall_ms >= 50.0 && outcome.usage.wall_ms < 5000.0,
            "{image}: {:?}",
            outcome.usage
        );
    }
}
