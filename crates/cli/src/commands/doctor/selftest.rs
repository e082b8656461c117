//! A self-test of an image: it computes, and its limits hold.

use std::fmt;
use std::time::Instant;

use belljar::{Ended, Image, Jar, Language, Limits, Outcome, Request, Result, Runtime};
use serde::Serialize;

/// The time limit that a loop without an end is run with.
const LOOP_MS: u64 = 100;

/// Memory beyond what the image needs, for a program that wants all there is.
const GREED_BYTES: u64 = 8 * belljar::MIB;

/// What an image is tried with.
struct Trial {
    /// The image that runs it, and the name that says what it is.
    engine: String,
    name: &'static str,
    /// Its value is 2.
    sum: &'static str,
    /// It never ends.
    endless: &'static str,
    /// It wants all memory there is.
    greedy: String,
}

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

impl Trial {
    fn of(image: &Image) -> Self {
        let (engine, name) = (image.name().to_owned(), image.language().default_name());
        match image.language() {
            Language::Python => {
                let greedy = "x = []\nwhile True: x.append(bytes(100_000))".to_owned();
                Self { engine, name, sum: "1 + 1", endless: "while True: pass", greedy }
            }
            Language::JavaScript => {
                let greedy = "var x = []; for (;;) x.push(new Uint8Array(100000))".to_owned();
                Self { engine, name, sum: "1 + 1", endless: "for (;;) {}", greedy }
            }
            // It is tried with what is hard to read, since what is left is run by another image.
            Language::TypeScript => Self {
                engine: "javascript".to_owned(),
                name,
                sum: "1 + (1 as number)",
                endless: "x=a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[",
                greedy: "let x: number;".repeat(200_000),
            },
        }
    }
}

/// Tries the image.
pub(crate) fn run(runtime: &Runtime, image: &Image) -> Vec<Check> {
    let trial = Trial::of(image);
    let jar = || Jar::new(Image::open(runtime, &trial.engine)?);
    let run = |code: &str, limits: Limits| {
        jar()?.with_limits(limits)?.run_blocking(Request::new(code).name(trial.name))
    };
    let quick = Limits { time_ms: LOOP_MS, ..Limits::default() };
    let least = jar().map_or(0, |jar| jar.image().memory_bytes_min());
    let small = Limits { memory_bytes: least + GREED_BYTES, ..Limits::default() };
    vec![
        check(
            "1 + 1 is 2",
            || run(trial.sum, Limits::default()),
            |outcome| outcome.value.as_ref().is_some_and(|value| value.repr == "2"),
        ),
        check(
            "the time limit holds",
            || run(trial.endless, quick),
            |outcome| outcome.ended == Ended::TimeLimit,
        ),
        check(
            "the memory limit holds",
            || run(&trial.greedy, small),
            |outcome| outcome.ended == Ended::MemoryLimit,
        ),
    ]
}

fn check(
    what: &'static str,
    run: impl FnOnce() -> Result<Outcome>,
    is_right: impl FnOnce(&Outcome) -> bool,
) -> Check {
    let began = Instant::now();
    let outcome = run();
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let found = match outcome {
        Ok(outcome) if is_right(&outcome) => None,
        Ok(outcome) => Some(format!("it ended with {:?}: {:?}", outcome.ended, outcome.error)),
        Err(error) => Some(error.to_string()),
    };
    Check { what, ok: found.is_none(), ms, found }
}
