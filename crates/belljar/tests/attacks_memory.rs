//! Rows 26 to 41 and 120 of `docs/attacks.md`, as far as the host's side of them must be seen. The rest are programs of the corpus.
//!
//! What is measured belongs to the whole process, so one test runs at a time.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

#[path = "common/canary.rs"]
mod canary;
mod common;
#[path = "common/process.rs"]
mod process;

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, MutexGuard};

use belljar::{DATA_BYTES_MAX, Ended, Error, Jar, Limits, MIB, Request, SessionState, open_image_in};
use common::{Twins, jar, jar_with, repr};

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What the host may take on top of what it holds for the guest: the machine code that is touched for the first time, stacks, the outcome.
const HOST_BYTES_MAX: u64 = 96 * MIB;

/// Code that wants more than there is, in many ways.
const GREEDY: &[(&str, &str)] = &[
    ("python", "items = []\nwhile True: items.append('x' * 1_000_000)"),
    ("python", "text = 'a'\nwhile True: text += text"),
    ("python", "bytearray(3 * 10**9)"),
    ("python", "items = [0]\nwhile True: items += items"),
    (
        "python",
        "while True:\n  try:\n    items = []\n    while True: items.append(bytes(1_000_000))\n  except MemoryError: items = None",
    ),
    (
        "python",
        "import zlib\nbomb = zlib.compress(bytes(50_000_000), 9)\nkept = []\nwhile True: kept.append(zlib.decompress(bomb))",
    ),
    (
        "python",
        "import os\nos.chdir('/tmp')\nfor n in range(10**6):\n  with open(str(n), 'wb') as file: file.write(bytes(1_000_000))",
    ),
    ("python", "while True: print('x' * 1_000_000)"),
    ("python", "print('x' * 50_000_000)\nraise ValueError('y' * 20_000_000)"),
    ("python", "list(range(3_000_000))"),
    ("python", "def f(): yield from f()\nimport sys\nsys.setrecursionlimit(10**9)\nlist(f())"),
    ("javascript", "const items = []; for (;;) items.push(new ArrayBuffer(1000000))"),
    ("javascript", "let text = 'a'; for (;;) { text += text; text.indexOf('b') }"),
    ("javascript", "let items = [0]; for (;;) items = items.concat(items)"),
    (
        "javascript",
        "for (;;) { try { const items = []; for (;;) items.push('x'.repeat(1000000)) } catch {} }",
    ),
    ("javascript", "for (;;) console.log('x'.repeat(1000000))"),
    ("javascript", "console.log('x'.repeat(30000000)); throw new Error('y'.repeat(10000000))"),
    ("javascript", "Array.from({ length: 1000000 }, (_, n) => n)"),
    ("javascript", "const map = new Map(); for (let n = 0; ; n++) map.set(n, { n })"),
    ("javascript", "function f() { return new Promise((done) => done(f())) } f()"),
    ("javascript", "const promises = []; for (;;) promises.push(new Promise(() => {}))"),
    ("javascript", "for (let n = 0; ; n++) setTimeout(() => n, 100000)"),
];

/// Rows 26 to 30, 35, 37 and 42: whatever the code tries, its memory stays below its limit and the process's own stays bounded.
#[test]
fn greedy_code_stays_within_its_limit_and_the_host_within_bounds() {
    let _alone = alone();
    for (image, code) in GREEDY {
        let limits = Limits { time_ms: 2_000, memory_bytes: 128 * MIB, ..Limits::default() };
        let jar = jar_with(image, limits);
        jar.run_blocking("1").unwrap();
        let before = process::resident_bytes();
        process::forget_peak();
        let outcome = jar.run_blocking(*code).unwrap();
        let peak = process::peak_bytes();
        let ended =
            [Ended::MemoryLimit, Ended::TimeLimit, Ended::Raised, Ended::Completed].contains(&outcome.ended);
        assert!(ended, "{image}: {code}\n{outcome:?}");
        let used = outcome.usage.peak_memory_bytes;
        // Output and results count, and are bounded by limits of their own.
        assert!(used <= 128 * MIB + 2 * MIB, "{image}: {code}\nused {used} bytes");
        let grown = peak.saturating_sub(before);
        assert!(grown <= 128 * MIB + HOST_BYTES_MAX, "{image}: {code}\nthe host grew by {} MiB", grown / MIB);
        assert_eq!(repr(&jar.run_blocking("1 + 1").unwrap()), "2", "{image}: after {code}");
    }
}

/// Row 40, in small: what a session took is given back when it ends (`soak.rs` does this for long).
#[test]
fn what_a_session_took_is_given_back() {
    let _alone = alone();
    let twins: Twins = [
        ("python", "kept = bytearray(b'x') * 60_000_000\nlen(kept)"),
        ("javascript", "globalThis.kept = new Uint8Array(60000000).fill(1); kept.length"),
    ];
    for (image, code) in twins {
        let jar = jar(image);
        jar.run_blocking(code).unwrap();
        let before = process::resident_bytes();
        for _ in 0..10 {
            assert_eq!(repr(&jar.run_blocking(code).unwrap()), "60000000", "{image}");
        }
        let grown = process::resident_bytes().saturating_sub(before);
        assert!(grown < 60 * MIB, "{image}: {} MiB are left behind", grown / MIB);
    }
}

/// Row 38: a value too large or too deep to give back costs the host no more than the limit on values.
#[test]
fn a_huge_value_is_cut_before_it_reaches_the_host() {
    let _alone = alone();
    let twins: Twins = [("python", "'x' * 40_000_000"), ("javascript", "'x'.repeat(40000000)")];
    for (image, code) in twins {
        let limits = Limits { value_bytes: 1000, memory_bytes: 256 * MIB, ..Limits::default() };
        let value = jar_with(image, limits).run_blocking(code).unwrap().value.unwrap();
        assert!(value.json.is_none(), "{image}");
        assert!(
            value.repr.len() <= 2000 && value.repr.starts_with("'xxx"),
            "{image}: {} bytes",
            value.repr.len()
        );
    }
}

/// Row 39, seen from inside the wall by an engine made for it: memory that is new to a session is zero, wherever it lies.
#[test]
fn memory_of_the_previous_tenant_is_gone() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let engine = folder.path().join("engine");
    canary::write_engine(&engine);
    let images = folder.path().join("images");
    belljar::build_image(&engine, &images).unwrap();
    let jar = Jar::new(open_image_in(canary::NAME, &[images]).unwrap()).unwrap();
    for round in 0..20 {
        let found = jar.run_blocking("").unwrap();
        assert_eq!(repr(&found), "clean", "round {round}: bytes of an earlier session were seen");
    }
    // The engine does see what it wrote itself: were it blind, the rounds above would show nothing.
    let session = jar.session().unwrap();
    session.run_blocking("").unwrap();
    assert_eq!(repr(&session.run_blocking("").unwrap()), "dirty");
}

/// Row 39, as a program can try it: fresh memory of the language holds nothing of another session.
#[test]
fn no_program_finds_what_another_left() {
    let _alone = alone();
    let twins: [(&str, &str, &str); 2] = [
        (
            "python",
            "kept = [b'CANARY-OF-THE-FIRST-TENANT' * 1000 for _ in range(1500)]\nlen(kept)",
            "import array, io\nfound = 0\nfor size in [64, 4096, 100_000, 10_000_000]:\n  for block in bytearray(size), array.array('b', bytes(size)), io.BytesIO(bytes(size)).getvalue():\n    found += bytes(block).count(b'CANARY-OF')\nfound",
        ),
        (
            "javascript",
            "globalThis.kept = new Uint8Array(40000000).fill(0xca); kept.length",
            "let found = 0; for (const size of [64, 4096, 100000, 30000000]) { for (const byte of new Uint8Array(size)) found += byte } found",
        ),
    ];
    for (image, fill, search) in twins {
        let jar = jar_with(image, Limits { time_ms: 60_000, cpu_ms: 60_000, ..Limits::default() });
        for _ in 0..3 {
            jar.run_blocking(fill).unwrap();
            assert_eq!(repr(&jar.run_blocking(search).unwrap()), "0", "{image}");
        }
    }
}

/// Row 35: what a caller passes on is bounded before it is copied, and what does not fit is a typed ending.
#[test]
fn arguments_and_inputs_are_bounded() {
    let _alone = alone();
    for image in ["python", "javascript"] {
        let jar = jar(image);
        let long = "x".repeat(DATA_BYTES_MAX + 1);
        let refused = [
            Request::new("1").arguments([long.clone()]),
            Request::new("1").environment("NAME", long.clone()),
            Request::new("1").input("name", format!("\"{long}\"")),
        ];
        for request in refused {
            assert!(matches!(jar.run_blocking(request), Err(Error::TooLong { .. })), "{image}");
        }
        let many = Request::new("1").arguments((0..200_000).map(|number| number.to_string()));
        assert_eq!(repr(&jar.run_blocking(many).unwrap()), "1", "{image}");
        let tight = jar.clone().with_limits(Limits { memory_bytes: 64 * MIB, ..Limits::default() }).unwrap();
        let large = Request::new("1").arguments(["x".repeat(DATA_BYTES_MAX - 1000)]);
        let outcome = tight.run_blocking(large).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::MemoryLimit, SessionState::Closed), "{image}");
    }
}

/// Row 120: whatever sessions write, no file of the machine is opened for it, in no temporary folder and in no shared memory.
#[test]
fn nothing_is_left_on_the_machine() {
    let _alone = alone();
    let open_files = || -> BTreeSet<String> {
        let links = fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok());
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mapped = maps.lines().filter_map(|line| line.split_whitespace().nth(5).map(str::to_owned));
        links.map(|link| link.to_string_lossy().into_owned()).chain(mapped).collect()
    };
    let places = ["/tmp/", "/var/tmp/", "/dev/shm/", "(deleted)"];
    let code = "open('/tmp/left', 'wb').write(b'CANARY' * 100_000)\nopen('/output/left', 'wb').write(b'CANARY')\nimport tempfile\nfile = tempfile.TemporaryFile()\nfile.write(b'x' * 1_000_000)";
    let jar = jar("python");
    jar.run_blocking("1").unwrap();
    let before = open_files();
    let session = jar.session().unwrap();
    assert_eq!(session.run_blocking(code).unwrap().ended, Ended::Completed);
    let images = jar.image().folder().parent().unwrap().to_string_lossy();
    for name in open_files().difference(&before) {
        let ours = name.contains("memfd:")
            || name.starts_with(&*images)
            || !places.iter().any(|place| name.contains(place));
        assert!(ours, "{name} is open or mapped");
    }
    assert_eq!(session.read_file("/output/left").unwrap(), b"CANARY");
    drop(session);
    let next = jar
        .run_blocking("import os\n[os.listdir('/tmp'), os.listdir('/output'), os.listdir('/work')]")
        .unwrap();
    assert_eq!(repr(&next), "[[], [], []]");
}
