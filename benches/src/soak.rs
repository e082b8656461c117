//! A very long row of very short runs: does memory grow?

use std::time::Instant;

use anyhow::{Result, bail};
use belljar::{Ended, Jar, Language};
use clap::Args;

use crate::memory::Memory;

/// What is run and how often.
#[derive(Args)]
pub(crate) struct SoakArgs {
    /// The image
    #[arg(long, default_value = "python")]
    image: String,
    /// Number of sessions, each used once
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
}

/// How many lines are printed.
const REPORTS: u64 = 20;

/// Codes that take turns: an answer, memory, an error.
const LIGHT: usize = 3;

/// One run in so many is a deep recursion, which touches far more memory and takes far longer than the others.
const HEAVY_EVERY: u64 = 1000;

/// The light codes, and the heavy one.
fn codes(language: Language) -> ([(&'static str, Ended); LIGHT], (&'static str, Ended)) {
    match language {
        Language::Python => (
            [
                ("print(sum(range(10)))", Ended::Completed),
                ("x = 'a' * 100_000", Ended::Completed),
                ("1 / 0", Ended::Raised),
            ],
            ("def f():\n    return f()\nf()", Ended::Raised),
        ),
        // No jar is made of what only reads TypeScript.
        Language::JavaScript | Language::TypeScript => (
            [
                ("var total = 0; for (var i = 0; i < 10; i++) total += i; total", Ended::Completed),
                ("var x = 'a'; for (var i = 0; i < 16; i++) x += x; x.length", Ended::Completed),
                ("throw new Error('no')", Ended::Raised),
            ],
            ("function f() { return f() + 1 } f()", Ended::Raised),
        ),
    }
}

/// Runs them and prints memory as it goes. Fails when a run ends otherwise than it must; what memory does is for the reader to see.
pub(crate) fn soak(args: &SoakArgs) -> Result<()> {
    let jar = Jar::open(&args.image)?;
    let (light, heavy) = codes(jar.image().language());
    let begun = Instant::now();
    println!("{} {}: {} runs", args.image, jar.image().version(), args.runs);
    println!("| runs | resident MiB | private MiB | runs/s |\n|---:|---:|---:|---:|");
    for run in 0..args.runs {
        if run.is_multiple_of((args.runs / REPORTS).max(1)) {
            report(run, begun)?;
        }
        let turn = usize::try_from(run)? % LIGHT;
        let (code, expected) = if run % HEAVY_EVERY == HEAVY_EVERY - 1 { heavy } else { light[turn] };
        let outcome = jar.run_blocking(code)?;
        if outcome.ended != expected {
            bail!("run {run}, {code:?}: {:?}, not {expected:?}: {:?}", outcome.ended, outcome.error);
        }
    }
    report(args.runs, begun)
}

fn report(runs: u64, begun: Instant) -> Result<()> {
    const MIB: f64 = 1024.0 * 1024.0;
    let memory = Memory::of_self()?;
    let (resident, private) = (memory.resident_bytes as f64 / MIB, memory.private_bytes as f64 / MIB);
    let rate = runs as f64 / begun.elapsed().as_secs_f64();
    println!("| {runs} | {resident:.1} | {private:.1} | {rate:.0} |");
    Ok(())
}
