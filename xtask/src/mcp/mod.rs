//! `cargo xtask mcp`: the official conformance suite of the Model Context Protocol, run on our server over HTTP.
//!
//! The suite knows which scenarios a server must pass in each revision, and runs some more. All of them must pass here, those that count and
//! those that do not.

mod install;
mod results;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use self::results::Scenario;
use crate::cache::{self, Cache};
use crate::server::Server;
use crate::setup::build_program;
use crate::tree;

/// The revisions whose requirements the suite has.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

/// Runs the suite in every revision, shows what became of each scenario, and fails if one did.
pub(crate) fn mcp() -> Result<()> {
    let cache = Cache::open()?;
    let program = build_program()?;
    let logs = tree::root().join("target/mcp");
    cache::create(&logs)?;
    let suite = install::suite(&cache, &logs)?;
    let server = Server::start(&program, &["--conformance"])?;
    let mut failed = 0;
    for revision in REVISIONS {
        let results = logs.join(revision);
        cache::fresh(&results)?;
        let mut run = Command::new(&suite.node);
        run.arg(&suite.program).args(["server", "--url", server.url(), "--requirements", revision]);
        run.arg("--output-dir").arg(&results).stdin(Stdio::null());
        // Whether it is content is seen in its results, which tell more than its status.
        let said = run.output().context("starting the conformance suite")?;
        cache::write(&logs.join(format!("{revision}.log")), [said.stdout, said.stderr].concat())?;
        let scenarios = results::read(&results)?;
        let required = suite.required(revision)?;
        println!("\n{revision}: {} scenarios, {} of them required", scenarios.len(), required.len());
        failed += shown(&scenarios, &required);
    }
    server.end()?;
    if failed > 0 {
        bail!("{failed} scenarios failed; what was said is in {}", logs.display());
    }
    Ok(())
}

/// Shows what became of each scenario, and gives how many failed or are missing.
fn shown(scenarios: &[Scenario], required: &[String]) -> usize {
    let mut failed = 0;
    for scenario in scenarios {
        let word = if scenario.failures.is_empty() { "ok" } else { "FAILED" };
        let note = if required.contains(&scenario.name) { "" } else { "  (not required)" };
        println!("  {:<48} {word:<7} {:>3} checks{note}", scenario.name, scenario.passed);
        for said in scenario.failures.iter().chain(&scenario.warnings) {
            println!("    {said}");
        }
        failed += usize::from(!scenario.failures.is_empty());
    }
    for name in required {
        let has_passed = |scenario: &Scenario| scenario.name == *name && scenario.passed > 0;
        if !scenarios.iter().any(has_passed) {
            println!("  {name:<48} MISSING");
            failed += 1;
        }
    }
    failed
}
