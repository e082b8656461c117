//! `cargo test` over the workspace, its results counted while they are shown.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::Tally;
use crate::cargo::cargo;

/// For how many seconds each fuzz target is tried with new inputs, and what its test reads that from (`fuzz/inputs`).
const FUZZ_SECONDS: (&str, &str) = ("BELLJAR_FUZZ_SECONDS", "8");

/// Runs every test of the workspace. Plain cargo, since a fresh machine has no other runner.
pub(super) fn run() -> Result<Tally> {
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--release", "--no-fail-fast"]);
    command.env(FUZZ_SECONDS.0, FUZZ_SECONDS.1).stdout(Stdio::piped());
    let mut child = command.spawn().context("starting cargo")?;
    let out = child.stdout.take().context("cargo has no output")?;

    let mut tally = Tally::default();
    for line in BufReader::new(out).split(b'\n') {
        let line = line.context("reading what cargo prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(counted) = counted(&line) {
            tally.add(counted);
        }
    }
    let status = child.wait().context("waiting for cargo")?;
    // A test program that could not be built, or that died, has no line of its own.
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    if status.success() && tally.passed == 0 {
        bail!("no test was run");
    }
    Ok(tally)
}

/// The numbers in `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
fn counted(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let of = |word: &str| {
        let count = counts.split("; ").find_map(|count| count.strip_suffix(word))?;
        count.trim().parse().ok()
    };
    Some(Tally { passed: of("passed")?, failed: of("failed")?, ignored: of("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(counted(line), Some(Tally { passed: 12, failed: 3, ignored: 1 }));
        assert_eq!(counted("test tests::a ... ok"), None);
    }
}
