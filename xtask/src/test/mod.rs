//! `cargo xtask test`: the whole suite, one stage after the other, with one summary at its end.
//!
//! A stage that fails does not stop the others: one run shows everything that is wrong.

mod deny;
mod elsewhere;
mod suite;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::clients;
use crate::conformance;
use crate::mcp;
use crate::sbom;
use crate::setup::{build_program, cargo, examples};
use crate::tidy;

/// Which stages to run.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Stages to run: fmt, clippy, elsewhere, tidy, deny, advisories, sbom, doc, examples, conformance, mcp, clients, suite; all when none is named
    names: Vec<String>,
}

/// One stage: its name, what it checks, and the check.
struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<Tally>,
}

/// How many checks passed, failed, or could not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    const PASSED: Self = Self { passed: 1, failed: 0, ignored: 0 };
    const FAILED: Self = Self { passed: 0, failed: 1, ignored: 0 };
    const IGNORED: Self = Self { passed: 0, failed: 0, ignored: 1 };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    fn word(self) -> &'static str {
        match self {
            Self { failed: 1.., .. } => "FAILED",
            Self { passed: 0, ignored: 1.., .. } => "ignored",
            _ => "ok",
        }
    }
}

const STAGES: [Stage; 13] = [
    Stage { name: "fmt", what: "the code is formatted", run: fmt },
    Stage { name: "clippy", what: "no lint warns", run: clippy },
    Stage {
        name: "elsewhere",
        what: "library and program type-check without the second ring",
        run: elsewhere::check,
    },
    Stage { name: "tidy", what: "the rules of the tree hold", run: || tidy::tidy().map(|()| Tally::PASSED) },
    Stage { name: "deny", what: "dependencies: licences, duplicates, sources", run: deny::policy },
    Stage { name: "advisories", what: "dependencies: known vulnerabilities", run: deny::advisories },
    Stage {
        name: "sbom",
        what: "what the program is made of is written down, whole and valid",
        run: || sbom::sbom().map(|()| Tally::PASSED),
    },
    Stage { name: "doc", what: "the documentation builds without a warning", run: doc },
    Stage { name: "examples", what: "the examples print what they must", run: run_examples },
    Stage {
        name: "conformance",
        what: "a choice of CPython's own tests passes inside the jar",
        run: || conformance::gate().map(|()| Tally::PASSED),
    },
    Stage {
        name: "mcp",
        what: "the protocol's own conformance suite passes on the MCP server",
        run: || mcp::mcp().map(|()| Tally::PASSED),
    },
    Stage { name: "clients", what: "real clients of the protocol get what they must", run: run_clients },
    Stage { name: "suite", what: "unit tests, integration tests, the corpus, doctests", run: suite::run },
];

/// Runs the stages asked for and sums them up.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    let unknown = args.names.iter().find(|name| !STAGES.iter().any(|stage| stage.name == **name));
    if let Some(name) = unknown {
        let known: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        bail!("no stage is called {name}; there are {}", known.join(", "));
    }
    let asked = |stage: &&Stage| args.names.is_empty() || args.names.iter().any(|name| name == stage.name);
    let stages: Vec<&Stage> = STAGES.iter().filter(asked).collect();

    let begun = Instant::now();
    let mut summary = String::new();
    let mut total = Tally::default();
    for (index, stage) in stages.iter().enumerate() {
        println!("test ({}/{}) {}: {}", index + 1, stages.len(), stage.name, stage.what);
        let stage_begun = Instant::now();
        let tally = (stage.run)().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Tally::FAILED
        });
        total.add(tally);
        let line =
            format!("{:<11} {:<8} {:6.1} s", stage.name, tally.word(), stage_begun.elapsed().as_secs_f64());
        println!("test ({}/{}) {line}", index + 1, stages.len());
        summary += &format!("  {line}  {}\n", stage.what);
    }
    print!("\n{summary}");
    let Tally { passed, failed, ignored } = total;
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; finished in {seconds:.2}s"
    );
    if failed > 0 { bail!("{failed} checks failed") } else { Ok(()) }
}

fn fmt() -> Result<Tally> {
    cargo(&["fmt", "--all", "--check"]).map(|()| Tally::PASSED)
}

fn clippy() -> Result<Tally> {
    let arguments =
        ["clippy", "--locked", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"];
    cargo(&arguments).map(|()| Tally::PASSED)
}

fn doc() -> Result<Tally> {
    const DENIED: &str = "build.rustdocflags=[\"-D\", \"warnings\"]";
    let doc = ["doc", "--locked", "--no-deps", "--release", "--config", DENIED];
    // Library and program have one name, and so has what cargo makes of them: the library comes last and stays.
    for packages in [&["--package", "belljar-cli"][..], &["--workspace", "--exclude", "belljar-cli"]] {
        cargo(&[&doc, packages].concat())?;
    }
    Ok(Tally::PASSED)
}

fn run_examples() -> Result<Tally> {
    let program = build_program()?;
    let mut tally = Tally::default();
    for example in &examples::EXAMPLES {
        tally.add(match example.check(&program) {
            Ok(()) => Tally::PASSED,
            Err(error) => {
                println!("error: {error:#}");
                Tally::FAILED
            }
        });
    }
    Ok(tally)
}

/// A client that cannot be had, since its registry is not reached, is no failure of ours; nor has it passed.
fn run_clients() -> Result<Tally> {
    let clients::Checked { passed, failed, missing } = clients::all()?;
    Ok(Tally { passed, failed, ignored: missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_as_bad_as_its_worst_check() {
        let mut tally = Tally::PASSED;
        tally.add(Tally::IGNORED);
        assert_eq!((tally.word(), Tally::IGNORED.word()), ("ok", "ignored"));
        tally.add(Tally::FAILED);
        assert_eq!((tally.word(), tally), ("FAILED", Tally { passed: 1, failed: 1, ignored: 1 }));
    }
}
