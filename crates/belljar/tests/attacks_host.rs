//! Rows 113 to 119 of `docs/attacks.md`, and row 9: what one session could learn of another, or of the machine.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Twins, jar, repr};
use belljar::Ended;

/// Row 9: text is hashed under a key of the session's own, whatever the image was made with; what the image holds is found all the same.
#[test]
fn text_is_hashed_under_a_key_of_the_session() {
    const CODE: &str = "import string, json\nnew = ['text that no image has ' + str(n) for n in range(20)]\n[hash(text) for text in new + [b'bytes that no image has']]";
    let jar = jar("python");
    let mut hashes = BTreeSet::new();
    for _ in 0..5 {
        let session = jar.session().unwrap();
        let list = repr(&session.run_blocking(CODE).unwrap()).to_owned();
        assert_eq!(repr(&session.run_blocking(CODE).unwrap()), list, "within a session they stay");
        assert!(hashes.insert(list), "two sessions have one key");
    }
    // Names that the image knows, spelt anew: each is found in a table that was filled when the image was made.
    let found = "import sys, builtins\nspelt = lambda name: ''.join(list(name))\nall(spelt(n) in sys.modules for n in list(sys.modules)) and all(spelt(n) in vars(builtins) for n in list(vars(builtins))) and {'a': 1}['a'.lower()]";
    assert_eq!(repr(&jar.run_blocking(found).unwrap()), "1");
}

/// Row 9: texts that were made to collide under the image's key do not collide in a session. Texts of eight bytes that differ, and have the
/// same lower 16 bits of the hash in one session, are as different as any others in the next.
#[test]
fn texts_that_collide_in_one_session_do_not_in_another() {
    const FIND: &str = "found = {}\nfor n in range(400_000):\n  text = f'{n:08x}'\n  found.setdefault(hash(text) & 0xffff, []).append(text)\nmax(found.values(), key=len)";
    let jar = jar("python");
    let found: Vec<String> = jar.run_blocking(FIND).unwrap().value.unwrap().json.unwrap().parse().unwrap();
    assert!(found.len() > 10, "{found:?}");
    let request = belljar::Request::new("len({hash(text) & 0xffff for text in texts})");
    let distinct = jar.run_blocking(request.input("texts", serde_json::to_string(&found).unwrap())).unwrap();
    let distinct: usize = repr(&distinct).parse().unwrap();
    assert!(distinct + 2 >= found.len(), "{distinct} of {} are distinct", found.len());
}

/// Row 113: no clock that the code can read advances in finer steps than a tenth of a millisecond.
#[test]
fn clocks_are_coarse() {
    let twins: Twins = [
        (
            "python",
            "import time\nreads = [time.time_ns, time.monotonic_ns, time.perf_counter_ns, time.process_time_ns]\n\
             sum(read() % 100_000 for _ in range(5000) for read in reads)",
        ),
        (
            "javascript",
            "let rest = 0n; for (let n = 0; n < 5000; n++) rest += process.hrtime.bigint() % 100000n;\n\
             for (let n = 0; n < 5000; n++) { const tenths = performance.now() * 10; if (Math.abs(tenths - Math.round(tenths)) > 1e-3) rest++; }\n\
             Number(rest)",
        ),
    ];
    for (image, code) in twins {
        assert_eq!(repr(&jar(image).run_blocking(code).unwrap()), "0", "{image}");
    }
}

/// Row 116: nothing random comes out of the image; two sessions of one image never draw the same.
#[test]
fn randomness_is_fresh_in_every_session() {
    let twins: Twins = [
        (
            "python",
            "import random, secrets, uuid, os, tempfile\n[random.random(), random.getrandbits(64), secrets.token_hex(16), uuid.uuid4().hex, uuid.uuid1().hex, os.urandom(16).hex(), next(tempfile._get_candidate_names())]",
        ),
        (
            "javascript",
            "[Math.random(), Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(4)).join()]",
        ),
    ];
    for (image, code) in twins {
        let mut seen: Vec<BTreeSet<String>> = Vec::new();
        for _ in 0..5 {
            let outcome = jar(image).run_blocking(code).unwrap();
            let drawn: Vec<serde_json::Value> = outcome.value.unwrap().json.unwrap().parse().unwrap();
            seen.resize(drawn.len(), BTreeSet::new());
            for (all, one) in seen.iter_mut().zip(drawn) {
                all.insert(one.to_string());
            }
        }
        assert!(seen.iter().all(|all| all.len() == 5), "{image}: a draw repeats: {seen:?}");
    }
}

/// Row 115: what could tell one machine from another is fixed; nothing of this one is in it.
#[test]
fn the_machine_cannot_be_recognised() {
    let twins: Twins = [
        (
            "python",
            "import os, sys, platform, socket, time, locale, getpass\n\
             def ask(question):\n  try: return str(question())\n  except BaseException as error: return type(error).__name__\n\
             [ask(q) for q in [lambda: os.cpu_count(), lambda: os.getcwd(), lambda: os.getpid(), lambda: os.getppid(), lambda: os.uname(), lambda: os.getlogin(), lambda: platform.node(), \
             lambda: platform.platform(), lambda: platform.processor(), lambda: socket.gethostname(), lambda: getpass.getuser(), lambda: locale.getlocale(), lambda: os.getloadavg(), \
             lambda: os.environ, lambda: sys.argv, lambda: sys.executable, lambda: sys.path, lambda: time.tzname, \
             lambda: os.listdir('/'), lambda: os.stat('/')[:7], lambda: os.path.expanduser('~')]]",
        ),
        (
            "javascript",
            "[process.env, process.argv, process.pid, process.cwd(), process.platform, process.arch, typeof navigator, new Date(0).toString(), \
             Intl.DateTimeFormat().resolvedOptions(), new Error('x').stack]",
        ),
    ];
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let folder = std::env::current_dir().unwrap();
    for (image, code) in twins {
        let told: Vec<String> =
            (0..3).map(|_| repr(&jar(image).run_blocking(code).unwrap()).to_owned()).collect();
        assert!(told.iter().all(|one| *one == told[0]), "{image}: {told:#?}");
        let home = std::env::var("HOME").unwrap_or_default();
        for secret in [host.trim(), home.as_str(), &folder.to_string_lossy()] {
            // A name of one or two letters says nothing.
            assert!(secret.len() < 3 || !told[0].contains(secret), "{image} shows {secret:?}: {}", told[0]);
        }
    }
}

/// Row 118: no program changes what signals do to the process that it runs in.
#[test]
fn signals_of_the_process_are_left_alone() {
    let dispositions = || {
        let text = fs::read_to_string("/proc/self/status").unwrap();
        let lines: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ"))
            .map(str::to_owned)
            .collect();
        lines
    };
    jar("python").run_blocking("1").unwrap();
    let before = dispositions();
    let code = "import signal\nfor number in signal.valid_signals():\n  try: signal.signal(number, signal.SIG_IGN)\n  except (OSError, ValueError, RuntimeError): pass\n\
                for number in signal.valid_signals():\n  try: signal.raise_signal(number)\n  except BaseException: pass\n'alive'";
    let outcome = jar("python").run_blocking(code).unwrap();
    assert_ne!(outcome.ended, Ended::Crashed, "{outcome:?}");
    assert_eq!(dispositions(), before);
    assert_eq!(repr(&jar("python").run_blocking("1 + 1").unwrap()), "2");
}
