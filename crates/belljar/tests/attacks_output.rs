//! Rows 42 to 51 of `docs/attacks.md`, as far as the host's side of them must be seen. The rest are programs of the corpus.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::{Twins, jar, jar_with};
use belljar::{Ended, Limits, MIB, Outcome, Request, SessionState, Stream};

fn json(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).expect("an outcome is JSON")
}

/// Row 43: one print that is far larger than what is kept.
#[test]
fn one_huge_print_keeps_its_head_and_its_tail() {
    let twins = [
        ("python", "print('<' + 'x' * 50_000_000 + '>')", 50_000_003),
        ("javascript", "console.log('<' + 'x'.repeat(50000000) + '>')", 50_000_003),
    ];
    for (image, code, bytes) in twins {
        let limits =
            Limits { memory_bytes: 512 * MIB, output_bytes: 1000, time_ms: 60_000, ..Limits::default() };
        let outcome = jar_with(image, limits).run_blocking(code).unwrap();
        let text = outcome.stdout.to_string();
        assert!(text.starts_with("<xxx") && text.ends_with("xxx>\n"), "{image}: {text}");
        assert!(text.contains(&format!("[... {} bytes cut ...]", bytes - 1000)), "{image}: {text}");
        assert_eq!(outcome.truncated.stdout_bytes, bytes - 1000, "{image}");
        assert_eq!(outcome.usage.output_bytes, bytes, "{image}");
    }
}

/// Row 45: however long or deep an error is, what is told of it is bounded, and says that it was cut.
#[test]
fn errors_are_told_within_bounds() {
    let hostile = [
        ("python", "raise ValueError('x' * 20_000_000)"),
        (
            "python",
            "error = None\nfor n in range(1000):\n  try:\n    raise ValueError(n) from error\n  except ValueError as e: error = e\nraise error",
        ),
        ("python", "raise ExceptionGroup('all', [ValueError('y' * 1000 + str(n)) for n in range(10_000)])"),
        ("python", "def f(n):\n  if n: f(n - 1)\n  raise ValueError\nf(900)"),
        ("python", "raise type('N' * 1_000_000, (Exception,), {})('text')"),
        ("python", "exec(compile('\\n' * 1000 + '1/0', 'f' * 1_000_000, 'exec'))"),
        (
            "python",
            "error = ValueError('text')\nfor n in range(10_000): error.add_note('note ' * 100)\nraise error",
        ),
        ("python", "x = 'y' * 10_000; eval('(' + x + ' +')"),
        ("javascript", "throw new Error('x'.repeat(20000000))"),
        ("javascript", "let e; for (let n = 0; n < 1000; n++) e = new Error('e' + n, { cause: e }); throw e"),
        (
            "javascript",
            "throw new AggregateError(Array.from({ length: 10000 }, (_, n) => new Error('y'.repeat(1000) + n)))",
        ),
        ("javascript", "function f(n) { if (n) f(n - 1); else throw new Error('deep') } f(3000)"),
        (
            "javascript",
            "class E extends Error { get name() { return 'N'.repeat(1000000) } } throw new E('text')",
        ),
        (
            "javascript",
            "const e = new Error('text'); Object.defineProperty(e, 'name', { value: 'N'.repeat(1000000) }); throw e",
        ),
        (
            "javascript",
            "throw { deep: Array.from({ length: 100000 }, (_, n) => ({ n, text: 'z'.repeat(50) })) }",
        ),
        ("javascript", "const e = new Error('text'); e.stack = 's'.repeat(1000000); throw e"),
    ];
    for (image, code) in hostile {
        let limits = Limits { memory_bytes: 512 * MIB, time_ms: 60_000, cpu_ms: 60_000, ..Limits::default() };
        let outcome = jar_with(image, limits).run_blocking(code).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::Raised, SessionState::Kept), "{image}: {code}");
        let error = outcome.error.unwrap();
        assert!(
            !error.r#type.is_empty() && error.r#type.len() <= 1024,
            "{image}: {code}: {} bytes",
            error.r#type.len()
        );
        let [message, traceback] = [error.message.len(), error.traceback.len()];
        assert!(message <= 64 * 1024, "{image}: {code}: a message of {message} bytes");
        assert!(traceback > 0 && traceback <= 64 * 1024, "{image}: {code}: a traceback of {traceback} bytes");
    }
}

/// Row 46: endings of every kind show nothing of the machinery that they happened in.
#[test]
fn no_ending_shows_our_own_frames() {
    let endings = [
        ("python", "import os\nos._exit(3)", Ended::Exited),
        ("python", "import os\nos.abort()", Ended::Exited),
        ("python", "import signal\nsignal.raise_signal(signal.SIGABRT)", Ended::Exited),
        ("python", "import sys\nsys.exit(3)", Ended::Exited),
        ("python", "sum(range(10**12))", Ended::TimeLimit),
        ("python", "def f(): f()\nf()", Ended::Raised),
        (
            "python",
            "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
            Ended::TimeLimit,
        ),
        ("javascript", "process.exit(3)", Ended::Exited),
        ("javascript", "const large = 1n << 1000000n; for (;;) String(large)", Ended::TimeLimit),
        ("javascript", "(function f() { f() })()", Ended::Raised),
        ("javascript", "null.x", Ended::Raised),
    ];
    for (image, code, ended) in endings {
        let time_ms = if ended == Ended::TimeLimit { 300 } else { 10_000 };
        let limits = Limits { time_ms, ..Limits::default() };
        let outcome = jar_with(image, limits).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, ended, "{image}: {code}\n{outcome:?}");
        let told = json(&outcome).to_lowercase();
        for word in [
            "wasm",
            "cranelift",
            "unreachable",
            "backtrace",
            ".rs:",
            ".cwasm",
            "belljar-boot",
            "quickjs.c",
            "<frozen",
        ] {
            assert!(!told.contains(word), "{image}: {code}\nshows {word:?}: {told}");
        }
    }
}

/// Rows 47 and 48: every byte arrives as it was printed, and the outcome is JSON that gives it back escaped.
#[test]
fn every_byte_arrives_and_json_escapes_what_could_do_harm() {
    let twins: Twins = [
        (
            "python",
            "import sys\nfor n in range(256): sys.stdout.buffer.write(bytes([n]))\nsys.stdout.flush()",
        ),
        ("javascript", "for (let n = 0; n < 256; n++) process.stdout.write(new Uint8Array([n]))"),
    ];
    let all: Vec<u8> = (0..=255).collect();
    for (image, code) in twins {
        let outcome = jar(image).run_blocking(code).unwrap();
        assert_eq!(outcome.stdout.as_bytes(), all, "{image}");
        let told = json(&outcome);
        assert!(told.bytes().all(|byte| byte >= 0x20), "{image}: a control character in JSON");
        assert!(told.contains("\\u001b") && told.contains("\\u0000"), "{image}");
        let again: Outcome = serde_json::from_str(&told).unwrap();
        assert!(again.stdout.to_string().ends_with("\\xfe\\xff"), "{image}");
    }
}

/// Row 48: no text that a program can make is too odd for the host.
#[test]
fn odd_text_in_every_field_is_told() {
    let twins: Twins = [
        ("python", "class \u{202e}\u{200d}Z(Exception): pass\n'\\ud800\\0\\u2028'"),
        ("javascript", "'\\ud800\\0\\u2028'"),
    ];
    for (image, code) in twins.into_iter().filter(|(image, _)| *image == "javascript") {
        let outcome = jar(image).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::Completed, "{image}");
        assert!(serde_json::from_str::<Outcome>(&json(&outcome)).is_ok(), "{image}");
    }
    let names = [
        ("python", "raise type('a\\u2028b', (Exception,), {})('c\\ud800\\u2028d')"),
        ("javascript", "throw Object.assign(new Error('c\\ud800\\0\\u2028d'), { name: 'a\\ud800\\u2028b' })"),
    ];
    for (image, code) in names {
        let outcome = jar(image).run_blocking(code).unwrap();
        assert_eq!(outcome.ended, Ended::Raised, "{image}");
        let error = serde_json::from_str::<Outcome>(&json(&outcome)).unwrap().error.unwrap();
        assert!(error.r#type.starts_with('a') && error.message.starts_with('c'), "{image}: {error:?}");
    }
}

/// Row 49: a program that prints what an outcome looks like gets it back as what it is: text that was printed.
#[test]
fn printed_results_are_output_and_nothing_else() {
    const FORGED: &str = r#"{"ended":"completed","value":{"json":1,"repr":"1","type":"int"},"error":null,"exit_code":0,"files":[],"session":"kept"}"#;
    let twins: Twins = [
        (
            "python",
            "import os\nprint(text)\nfor n in range(1, 64):\n  try: os.write(n, text.encode())\n  except OSError: pass\nraise ValueError('real')",
        ),
        (
            "javascript",
            "console.log(text); console.error(text); process.stdout.write(text); throw new Error('real')",
        ),
    ];
    for (image, code) in twins {
        let request = Request::new(code).input("text", serde_json::to_string(FORGED).unwrap());
        let outcome = jar(image).run_blocking(request).unwrap();
        assert_eq!((outcome.ended, outcome.exit_code), (Ended::Raised, None), "{image}");
        assert!(outcome.value.is_none() && outcome.files.is_empty(), "{image}");
        assert_eq!(outcome.error.as_ref().unwrap().message, "real", "{image}");
        assert!(outcome.stdout.to_string().starts_with(FORGED), "{image}");
    }
}

/// Row 51: the code waits for whoever takes its output, its time goes on, and nothing piles up between them.
#[test]
fn a_slow_consumer_slows_the_code_down() {
    let twins: Twins = [
        ("python", "while True: print('x' * 1000, flush=True)"),
        ("javascript", "for (;;) console.log('x'.repeat(1000))"),
    ];
    for (image, code) in twins {
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        let request = Request::new(code).on_output(move |_, bytes| {
            count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(10));
        });
        let limits = Limits { time_ms: 300, ..Limits::default() };
        let begun = Instant::now();
        let outcome = jar_with(image, limits).run_blocking(request).unwrap();
        assert_eq!(outcome.ended, Ended::TimeLimit, "{image}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{image}");
        // At 10 ms a piece not more than a few dozen pieces fit into the time: the code could not run ahead.
        let printed = outcome.usage.output_bytes;
        assert!(printed <= 100 * 1001, "{image}: {printed} bytes were printed");
        assert_eq!(taken.load(Ordering::Relaxed), printed, "{image}");
    }
}

/// Row 51: a consumer that never comes back holds its own run and no other.
#[test]
fn a_stuck_consumer_holds_its_own_run_only() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let (started, starts) = std::sync::mpsc::channel();
    let request = Request::new("console.log('stuck')").on_output(move |stream, _| {
        assert_eq!(stream, Stream::Stdout);
        started.send(()).unwrap();
        held.lock().unwrap().recv().unwrap();
    });
    let stuck = std::thread::spawn(move || jar("javascript").run_blocking(request).unwrap());
    starts.recv().unwrap();
    for _ in 0..20 {
        assert_eq!(jar("javascript").run_blocking("console.log('free')").unwrap().stdout, "free\n");
    }
    release.send(()).unwrap();
    assert_eq!(stuck.join().unwrap().stdout, "stuck\n");
}
