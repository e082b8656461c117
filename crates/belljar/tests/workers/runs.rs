//! Runs of their own in workers: as in this process, in every way that a caller can see.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use belljar::{CancelToken, Ended, Grants, Jar, Limits, MIB, OnOutputLimit, Outcome, Request, Stream};
use serde_json::Value;

use crate::shared::{IMAGES, alone, jar, pid, plain, repr, signal, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    runs::outcomes_are_those_of_this_process,
    runs::output_comes_while_code_runs_and_waits_for_its_reader,
    runs::whoever_takes_output_can_use_the_worker,
    runs::input_is_read_as_it_is_asked_for,
    runs::what_is_long_passes_in_both_directions,
    runs::limits_hold,
    runs::a_run_is_cancelled,
    runs::a_caller_that_goes_frees_the_place,
    runs::typescript_is_read,
    runs::fuel_is_counted,
    runs::what_is_placed_and_seeded_is_there,
    runs::what_cannot_run_is_refused_here,
    runs::nothing_of_this_process_is_there,
];

/// An outcome without what differs from run to run.
fn comparable(outcome: &Outcome) -> Value {
    let mut value = serde_json::to_value(outcome).unwrap();
    let usage = value["usage"].as_object_mut().unwrap();
    for varies in ["wall_ms", "cpu_ms", "peak_memory_bytes"] {
        usage.remove(varies);
    }
    value
}

pub(crate) fn outcomes_are_those_of_this_process() {
    let python = [
        "print('hello'); 6 * 7",
        "import sys; print('error', file=sys.stderr); sys.stdout.buffer.write(b'\\xff\\n'); {'a': [1, 2.5, None]}",
        "def f():\n    raise ValueError('bad')\nf()",
        "import sys; sys.exit(7)",
        "open('/output/a.txt', 'w').write('abc')",
        "1 +",
        "'x' * 1000000",
    ];
    let javascript = [
        "console.log('hello'); 6 * 7",
        "console.error('error'); ({a: [1, 2.5, null]})",
        "function f() { throw new TypeError('bad') }; f()",
        "1 +",
        "'x'.repeat(1000000)",
    ];
    let microjs = ["print('hello'); 6 * 7", "null.x", "1 +"];
    for (image, codes) in [("python", &python[..]), ("javascript", &javascript), ("microjs", &microjs)] {
        let seeded = plain(image).with_grants(Grants::default().seed(7));
        let (here, there) = (seeded.clone(), jar(image).with_grants(Grants::default().seed(7)));
        for code in codes {
            let (here, there) = (here.run_blocking(*code).unwrap(), there.run_blocking(*code).unwrap());
            assert_eq!(comparable(&here), comparable(&there), "{image}: {code}");
            assert_eq!(here.stdout.as_bytes(), there.stdout.as_bytes());
            let usage = there.usage;
            assert!(usage.wall_ms > 0.0 && usage.peak_memory_bytes > 0, "{usage:?}");
        }
    }
}

pub(crate) fn output_comes_while_code_runs_and_waits_for_its_reader() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let code = "import time\nprint('first', flush=True)\ntime.sleep(0.3)\nprint('second')";
    let begun = Instant::now();
    let request = Request::new(code).on_output(move |stream, bytes| {
        sink.lock().unwrap().push((begun.elapsed(), stream, bytes.to_vec()));
    });
    let outcome = jar("python").run_blocking(request).unwrap();
    let seen = seen.lock().unwrap();
    let text: Vec<u8> = seen.iter().flat_map(|(_, _, bytes)| bytes.clone()).collect();
    assert_eq!(text, outcome.stdout.as_bytes());
    assert!(seen[0].0 + Duration::from_millis(250) < seen.last().unwrap().0, "{seen:?}");
    assert!(seen.iter().all(|(_, stream, _)| *stream == Stream::Stdout));

    // Many pieces, and a reader that is slow: nothing is lost, and nothing piles up.
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    let request = Request::new("for (let i = 0; i < 2000; i++) console.log('x'.repeat(99))").on_output(
        move |_, bytes| {
            *counted.lock().unwrap() += bytes.len();
        },
    );
    let outcome = jar("javascript").run_blocking(request).unwrap();
    assert_eq!(outcome.ended, Ended::Completed);
    assert_eq!((*count.lock().unwrap(), outcome.stdout.as_bytes().len()), (200_000, 200_000));
}

pub(crate) fn whoever_takes_output_can_use_the_worker() {
    let workers = belljar::Workers::builder(1).build();
    let jar = plain("python").in_workers(&workers).unwrap();
    let (inner, values) = (jar.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&values);
    let request = Request::new("print('a', flush=True)\nprint('b')").on_output(move |_, _| {
        let outcome = inner.run_blocking("6 * 7").unwrap();
        seen.lock().unwrap().push(repr(&outcome).to_owned());
    });
    assert_eq!(jar.run_blocking(request).unwrap().ended, Ended::Completed);
    let values = values.lock().unwrap();
    assert!(!values.is_empty() && values.iter().all(|value| value == "42"), "{values:?}");
}

pub(crate) fn input_is_read_as_it_is_asked_for() {
    let big = vec![b'z'; 300_000];
    let stdin = std::io::Cursor::new(b"first\nsecond\n".to_vec()).chain(std::io::Cursor::new(big));
    let request = Request::new("import sys\n[input(), input(), len(sys.stdin.read())]").stdin(stdin);
    let outcome = jar("python").run_blocking(request).unwrap();
    assert_eq!(repr(&outcome), "['first', 'second', 300000]");
    let outcome = jar("python").run_blocking("import sys; sys.stdin.read()").unwrap();
    assert_eq!(repr(&outcome), "''");

    // A reader that never comes does not outlast the run's time.
    struct Never;
    impl Read for Never {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            std::thread::sleep(Duration::from_secs(2));
            Ok(0)
        }
    }
    let limits = Limits { time_ms: 200, ..Limits::default() };
    let begun = Instant::now();
    let outcome = jar("python").run_blocking(Request::new("input()").stdin(Never).limits(limits)).unwrap();
    assert_eq!(outcome.ended, Ended::TimeLimit);
    assert!(begun.elapsed() < Duration::from_millis(1000), "{:?}", begun.elapsed());
}

pub(crate) fn what_is_long_passes_in_both_directions() {
    let limits = Limits { output_bytes: 8 * MIB, value_bytes: 8 * MIB, ..Limits::default() };
    let jar = jar("python").with_limits(limits).unwrap();
    let text = "y".repeat(3_000_000);
    let request = Request::new("print(text)\ntext.upper()").input("text", format!("\"{text}\""));
    let outcome = jar.run_blocking(request).unwrap();
    assert_eq!(outcome.stdout.as_bytes().len(), 3_000_001);
    assert_eq!(repr(&outcome).len(), 3_000_002);
    let code = format!("{}len('ok')", "# a comment that says nothing\n".repeat(100_000));
    assert_eq!(repr(&jar.run_blocking(code).unwrap()), "2");
}

pub(crate) fn limits_hold() {
    let time = Limits { time_ms: 100, ..Limits::default() };
    for (image, code) in
        [("python", "while True: pass"), ("javascript", "for (;;) {}"), ("microjs", "for (;;) {}")]
    {
        let begun = Instant::now();
        let outcome = jar(image).run_blocking(Request::new(code).limits(time.clone())).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        assert!(begun.elapsed() < Duration::from_millis(600), "{image}: {:?}", begun.elapsed());
    }
    let memory = Limits { memory_bytes: 64 * MIB, ..Limits::default() };
    let outcome = jar("python").with_limits(memory).unwrap().run_blocking("b'x' * 10**9").unwrap();
    assert_eq!(outcome.ended, Ended::MemoryLimit);
    let output = Limits { output_bytes: 100, on_output_limit: OnOutputLimit::Stop, ..Limits::default() };
    let outcome = jar("python").run_blocking(Request::new("print('x' * 1000)").limits(output)).unwrap();
    assert_eq!(outcome.ended, Ended::OutputLimit);
}

pub(crate) fn a_run_is_cancelled() {
    for code in ["while True: pass", "import time; time.sleep(60)", "sum(range(10**12))"] {
        let token = CancelToken::new();
        let request = Request::new(code).cancel_with(&token);
        let limits = Limits { memory_bytes: 4096 * MIB, ..Limits::default() };
        let jar = jar("python").with_limits(limits).unwrap();
        let cancelled = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            token.cancel();
            Instant::now()
        });
        let outcome = jar.run_blocking(request).unwrap();
        let took = cancelled.join().unwrap().elapsed();
        assert_eq!(outcome.ended, Ended::Cancelled, "{code}");
        assert!(took < Duration::from_millis(500), "{code}: {took:?}");
    }
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(
        jar("python").run_blocking(Request::new("while True: pass").cancel_with(&token)).unwrap().ended,
        Ended::Cancelled
    );
}

pub(crate) fn a_caller_that_goes_frees_the_place() {
    for code in ["for (;;) {}", "await new Promise(done => setTimeout(done, 60000))"] {
        let (workers, jar) = alone("javascript");
        crate::shared::block_on(async {
            let run = jar.run(code);
            assert!(tokio::time::timeout(Duration::from_millis(150), run).await.is_err());
        });
        let took =
            until(Duration::from_secs(2), || workers.processes().iter().all(|process| process.runs == 0));
        assert!(took < Duration::from_millis(100), "{code}: {took:?}");
        assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    }
}

pub(crate) fn typescript_is_read() {
    let request = Request::new("const half = (n: number): number => n / 2; half(84)").name("half.ts");
    assert_eq!(repr(&jar("javascript").run_blocking(request).unwrap()), "42");
    let outcome = jar("javascript").run_blocking(Request::new("let a: = 1").name("a.ts")).unwrap();
    assert_eq!(outcome.error.unwrap().r#type, "SyntaxError");
}

pub(crate) fn fuel_is_counted() {
    let limits = Limits { fuel: Some(100_000_000), ..Limits::default() };
    for image in IMAGES {
        let jar = jar(image).with_limits(limits.clone()).unwrap();
        let outcome = jar.run_blocking("1 + 1").unwrap();
        assert!(outcome.usage.fuel.is_some_and(|fuel| fuel > 0), "{image}: {:?}", outcome.usage);
        assert_eq!(repr(&outcome), "2");
    }
    let little = Limits { fuel: Some(1_000_000), ..limits };
    let outcome = jar("microjs").with_limits(little).unwrap().run_blocking("for (;;) {}").unwrap();
    assert_eq!(outcome.ended, Ended::FuelLimit);
}

pub(crate) fn what_is_placed_and_seeded_is_there() {
    let content = b"0123456789".repeat(50_000);
    let grants = Grants::default().seed(3).file("/data/big", content);
    let code = "import random\n[len(open('/data/big').read()), random.random()]";
    let here = plain("python").with_grants(grants.clone()).run_blocking(code).unwrap();
    let there = jar("python").with_grants(grants).run_blocking(code).unwrap();
    assert!(repr(&here).starts_with("[500000, "));
    assert_eq!(repr(&here), repr(&there));
    let arguments = Request::new("import os, sys\n[sys.argv[1:], os.environ['A'], n]")
        .arguments(["x", "y"])
        .environment("A", "b=c")
        .input("n", "[1]");
    assert_eq!(repr(&jar("python").run_blocking(arguments).unwrap()), "[['x', 'y'], 'b=c', [1]]");
}

pub(crate) fn what_cannot_run_is_refused_here() {
    let refused = |jar: &Jar, request: Request| jar.run_blocking(request).unwrap_err().to_string();
    let jar = jar("python");
    assert_eq!(refused(&jar, Request::new("1").input("a-b", "1")), "\"a-b\" cannot be the name of an input");
    let more = Limits { time_ms: 20_000, ..Limits::default() };
    assert_eq!(
        refused(&jar, Request::new("1").limits(more)),
        "the request asks for time_ms = 20000, but the jar allows 10000"
    );
    assert_eq!(refused(&jar, Request::answers([])), "the session is not suspended: it waits for no answers");
}

pub(crate) fn nothing_of_this_process_is_there() {
    let (workers, jar) = alone("python");
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    let pid = pid(&workers);
    let of = |what: &str| std::fs::read(format!("/proc/{pid}/{what}"));
    // A jail that hides the process hides this, too; root sees it all the same.
    if let Ok(environment) = of("environ") {
        assert_eq!(environment, b"", "the environment is empty");
    }
    if let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) {
        for entry in entries {
            let target = std::fs::read_link(entry.unwrap().path()).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            let known = ["socket:", "pipe:", "/dev/null", "/memfd:", "anon_inode:"];
            let is_image = target.contains("/belljar/images/") || target.contains("/images/");
            let is_table = target.ends_with("/pagemap");
            assert!(known.iter().any(|known| target.starts_with(known)) || is_image || is_table, "{target}");
        }
    }
    signal(pid, "KILL");
}
