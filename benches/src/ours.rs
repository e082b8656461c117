//! Belljar itself as a peer: the library, in this process or through a worker.

mod state;

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use belljar::schemars::{self, JsonSchema};
use belljar::{Ended, Grants, Jar, Limits, MIB, Outcome, Session, Tool, Workers};
use clap::Args;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use crate::memory::Memory;
use crate::protocol::{Answer, Ask};

/// What programs that measure the processor may take.
const PROGRAM_TIME_MS: u64 = 120_000;

/// Fuel that is counted and never used up.
const FUEL: u64 = 1 << 60;

/// Which jar to serve.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The image
    #[arg(long)]
    image: String,
    /// Count fuel
    #[arg(long)]
    fuel: bool,
    /// Run the code in a jailed worker process
    #[arg(long)]
    workers: bool,
}

/// What answers: a jar, and the worker in which its code runs if it does not run here.
struct Ours {
    jar: Jar,
    workers: Option<Workers>,
}

impl Ours {
    fn open(args: &ServeArgs) -> Result<Self> {
        let limits = Limits {
            time_ms: PROGRAM_TIME_MS,
            cpu_ms: PROGRAM_TIME_MS,
            memory_bytes: 512 * MIB,
            fuel: args.fuel.then_some(FUEL),
            ..Limits::default()
        };
        let jar = Jar::open(&args.image)?.with_limits(limits)?;
        if args.workers {
            // There is one caller, so a second one would have nothing to do.
            let workers = Workers::new(1);
            return Ok(Self { jar: jar.in_workers(&workers)?, workers: Some(workers) });
        }
        jar.warm()?;
        Ok(Self { jar, workers: None })
    }
}

/// What the function of the host takes that figures call.
#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: i64,
    b: i64,
}

/// Answers asks until standard input ends.
pub(crate) fn serve(args: &ServeArgs) -> Result<()> {
    let ours = Ours::open(args)?;
    for line in std::io::stdin().lock().lines() {
        let ask: Ask = serde_json::from_str(&line.context("reading an ask")?).context("reading an ask")?;
        let answer = answer(&ours, &ask)
            .unwrap_or_else(|error| Answer { error: Some(format!("{error:#}")), ..Answer::default() });
        let mut text = serde_json::to_string(&answer).context("writing an answer")?;
        text.push('\n');
        std::io::stdout().write_all(text.as_bytes()).context("writing an answer")?;
    }
    Ok(())
}

fn answer(ours: &Ours, ask: &Ask) -> Result<Answer> {
    let jar = &ours.jar;
    match ask {
        Ask::Hello => Ok(hello(ours)),
        Ask::Fresh { codes, expect, count } => samples(*count, || fresh(jar, codes, expect)),
        Ask::Step { setup, code, expect, count } => steps(jar, setup, (code, expect), *count),
        Ask::Cpu { code, expect } => cpu(jar, code, expect),
        Ask::Idle { code, expect, count } => idle(ours, code, expect, *count),
        Ask::Stop { code, deadline_ms, count } => {
            let limits = Limits { time_ms: *deadline_ms, ..jar.limits().clone() };
            let jar = jar.clone().with_limits(limits)?;
            samples(*count, || stop(&jar, code, *deadline_ms))
        }
        Ask::Fork { setup, code, expect, count } => state::fork(jar, setup, (code, expect), *count),
        Ask::Snapshot { setup, count } => state::snapshot(jar, setup, *count),
        Ask::Restore { setup, code, expect, count } => state::restore(jar, setup, (code, expect), *count),
        Ask::Tool { setup, code, expect, count } => {
            let add = Tool::new("add", |Sum { a, b }| Ok::<_, String>(a + b));
            steps(&jar.clone().with_grants(Grants::default().tool(add)?), setup, (code, expect), *count)
        }
        Ask::Http { port, setup, code, expect, count } => {
            let grants = Grants::default().net(format!("127.0.0.1:{port}").parse()?);
            steps(&jar.clone().with_grants(grants), setup, (code, expect), *count)
        }
    }
}

fn hello(Ours { jar, workers }: &Ours) -> Answer {
    let mut offers = vec!["fresh", "step", "idle", "stop", "fork", "snapshot", "restore"];
    if jar.image().name() != "microjs" {
        offers.extend(["tool", "http"]);
    }
    // Code computes in a worker as fast as here, and its time on the processor is not this process's.
    if workers.is_none() {
        offers.push("cpu");
    }
    Answer {
        version: Some(format!("{} ({})", env!("CARGO_PKG_VERSION"), jar.image().version())),
        offers: offers.into_iter().map(str::to_owned).collect(),
        ..Answer::default()
    }
}

fn samples(count: usize, mut sample: impl FnMut() -> Result<i64>) -> Result<Answer> {
    let ns = (0..count).map(|_| sample()).collect::<Result<Vec<_>>>()?;
    Ok(Answer { ns, ..Answer::default() })
}

fn fresh(jar: &Jar, codes: &[String], expect: &str) -> Result<i64> {
    let begun = Instant::now();
    let session = jar.session()?;
    let mut last = None;
    for code in codes {
        last = Some(session.run_blocking(code.as_str())?);
    }
    drop(session);
    let took = ns(begun);
    check(&last.context("nothing was run")?, expect)?;
    Ok(took)
}

fn steps(jar: &Jar, setup: &str, (code, expect): (&str, &str), count: usize) -> Result<Answer> {
    let session = prepared(jar, setup)?;
    samples(count, || timed(&session, code, expect))
}

/// A session that has run `setup`.
fn prepared(jar: &Jar, setup: &str) -> Result<Session> {
    let session = jar.session()?;
    completed(&session.run_blocking(setup)?)?;
    Ok(session)
}

fn timed(session: &Session, code: &str, expect: &str) -> Result<i64> {
    let begun = Instant::now();
    let outcome = session.run_blocking(code)?;
    let took = ns(begun);
    check(&outcome, expect)?;
    Ok(took)
}

fn cpu(jar: &Jar, code: &str, expect: &str) -> Result<Answer> {
    let session = jar.session()?;
    let (used, begun) = (processor_ns(), Instant::now());
    let outcome = session.run_blocking(code)?;
    let (used, took) = (processor_ns() - used, ns(begun));
    check(&outcome, expect)?;
    Ok(Answer { ns: vec![took], cpu_ns: vec![used], ..Answer::default() })
}

fn idle(Ours { jar, workers }: &Ours, code: &str, expect: &str, count: usize) -> Result<Answer> {
    let held = || match workers {
        Some(workers) => Ok(Memory::of_workers(workers)),
        None => Memory::of_self(),
    };
    let before = held()?.private_bytes;
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let session = jar.session()?;
        timed(&session, code, expect)?;
        sessions.push(session);
    }
    let grown = held()?.private_bytes.saturating_sub(before);
    Ok(Answer { bytes: Some(grown / count.max(1) as u64), ..Answer::default() })
}

fn stop(jar: &Jar, code: &str, deadline_ms: u64) -> Result<i64> {
    let session = jar.session()?;
    let begun = Instant::now();
    let outcome = session.run_blocking(code)?;
    let took = ns(begun);
    if outcome.ended != Ended::TimeLimit {
        bail!("the code was not stopped by its deadline: {:?} {:?}", outcome.ended, outcome.error);
    }
    Ok(took - i64::try_from(deadline_ms * 1_000_000).unwrap_or(i64::MAX))
}

/// Fails unless the code came to its end and printed `expect`, or printed nothing and has it as its value.
fn check(outcome: &Outcome, expect: &str) -> Result<()> {
    completed(outcome)?;
    let printed = outcome.stdout.to_string();
    let value = outcome.value.as_ref();
    // A text as value is shown with quotes; its JSON is read instead.
    let text = value.and_then(|value| value.json.as_ref()?.parse::<String>().ok());
    let value = text.or_else(|| value.map(|value| value.repr.clone())).unwrap_or_default();
    let found = if printed.is_empty() { value.as_str() } else { printed.trim_end() };
    if found != expect {
        bail!("wrong answer: {found:?}, not {expect:?}");
    }
    Ok(())
}

fn completed(outcome: &Outcome) -> Result<()> {
    if outcome.ended != Ended::Completed {
        let error = outcome.error.as_ref();
        let error = error.map(|error| format!("{}: {}", error.r#type, error.message));
        bail!("ended {:?}: {}", outcome.ended, error.unwrap_or_default());
    }
    Ok(())
}

fn ns(begun: Instant) -> i64 {
    i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

/// What this process has used of the processor.
fn processor_ns() -> i64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
