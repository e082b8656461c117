//! Fresh randomness for every session, or the same bytes for the same seed.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::common::{Twins, jar, repr};
use belljar::{Grants, Outcome};

const RANDOM: Twins = [
    (
        "python",
        "import random, uuid, secrets, os, time, tempfile\n\
         [random.random(), str(uuid.uuid4()), secrets.token_hex(4), os.urandom(4), time.time(), time.monotonic(), \
         list({str(n) for n in range(50)}), tempfile.mktemp()]",
    ),
    (
        "javascript",
        "[Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))], Date.now(), performance.now()]",
    ),
];

fn run(image: &str, code: &str, seed: Option<u64>) -> Outcome {
    let grants = seed.map_or_else(Grants::default, |seed| Grants::default().seed(seed));
    jar(image).with_grants(grants).run_blocking(code).expect("the code is run")
}

#[test]
fn one_seed_gives_equal_bytes_and_another_gives_others() {
    for (image, code) in RANDOM {
        let first = run(image, code, Some(7));
        assert_eq!(repr(&first), repr(&run(image, code, Some(7))), "{image}");
        assert_ne!(repr(&first), repr(&run(image, code, Some(8))), "{image}");
    }
}

#[test]
fn every_session_draws_its_own_randomness() {
    for (image, code) in RANDOM {
        assert_ne!(repr(&run(image, code, None)), repr(&run(image, code, None)), "{image}");
    }
}

#[test]
fn a_repeatable_clock_jumps_over_sleeps() {
    let code = "import time\nstart = time.monotonic()\ntime.sleep(3600)\nround(time.monotonic() - start)";
    let outcome = run("python", code, Some(1));
    assert_eq!(repr(&outcome), "3600");
    assert!(outcome.usage.wall_ms < 5000.0);
}
