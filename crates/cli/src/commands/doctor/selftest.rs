//! A self-test of an image: it computes, and its limits hold.

use std::fmt;
use std::time::Instant;

use belljar::{Ended, Image, Jar, Language, Limits, Outcome};
use serde::Serialize;

/// The time limit that a loop without an end is run with.
const LOOP_MS: u64 = 100;

/// Memory beyond what the image needs, for a program that wants all there is.
const GREED_BYTES: u64 = 8 * belljar::MIB;

/// One thing that was tried.
#[derive(Serialize)]
pub(crate) struct Check {
    what: &'static str,
    pub(crate) ok: bool,
    ms: f64,
    /// What was found, when it was not what it should be.
    found: Option<String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok    " } else { "FAILED" };
        write!(f, "{verdict}    {} ({:.1} ms)", self.what, self.ms)?;
        self.found.as_ref().map_or(Ok(()), |found| write!(f, ": {found}"))
    }
}

/// Tries the image.
pub(crate) fn run(image: &Image) -> Vec<Check> {
    let endless = match image.language() {
        Language::Python => "while True: pass",
        Language::JavaScript => "for (;;) {}",
    };
    let greedy = match image.language() {
        Language::Python => "x = []\nwhile True: x.append(bytes(100_000))",
        Language::JavaScript => "var x = []; for (;;) x.push(new Uint8Array(100000))",
    };
    let quick = Limits { time_ms: LOOP_MS, ..Limits::default() };
    let small = Limits { memory_bytes: image.memory_bytes_min() + GREED_BYTES, ..Limits::default() };
    vec![
        check("1 + 1 is 2", image, "1 + 1", Limits::default(), |outcome| {
            outcome.value.as_ref().is_some_and(|value| value.repr == "2")
        }),
        check("the time limit holds", image, endless, quick, |outcome| outcome.ended == Ended::TimeLimit),
        check("the memory limit holds", image, greedy, small, |outcome| outcome.ended == Ended::MemoryLimit),
    ]
}

fn check(
    what: &'static str,
    image: &Image,
    code: &str,
    limits: Limits,
    is_right: impl Fn(&Outcome) -> bool,
) -> Check {
    let began = Instant::now();
    let outcome = Jar::new(image.clone())
        .and_then(|jar| jar.with_limits(limits))
        .and_then(|jar| jar.run_blocking(code));
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let found = match outcome {
        Ok(outcome) if is_right(&outcome) => None,
        Ok(outcome) => Some(format!("it ended with {:?}: {:?}", outcome.ended, outcome.error)),
        Err(error) => Some(error.to_string()),
    };
    Check { what, ok: found.is_none(), ms, found }
}
