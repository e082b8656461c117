//! `cargo deny`: what may come into the build (`deny.toml`).

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Tally;
use crate::tool::Tool;
use crate::tree;

/// The version that we use.
const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// How long the advisory database may take to be fetched.
const FETCH_TIME: Duration = Duration::from_secs(60);

/// Licences, duplicates and sources: needs nothing but the tree.
pub(super) fn policy() -> Result<Tally> {
    let status = Command::new(DENY.program()?)
        .args(["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
        .current_dir(tree::root())
        .stdin(Stdio::null())
        .status()
        .context("starting cargo-deny")?;
    if status.success() { Ok(Tally::PASSED) } else { bail!("cargo deny found something ({status})") }
}

/// Known vulnerabilities: needs a database from the network, and is left out, with a word about it, where that cannot be had.
pub(super) fn advisories() -> Result<Tally> {
    let program = DENY.program()?;
    if !fetch_database(&program)? {
        println!("not checked: the advisory database cannot be reached from this machine");
        return Ok(Tally::IGNORED);
    }
    let status = Command::new(program)
        .args(["--locked", "check", "--hide-inclusion-graph", "--disable-fetch", "advisories"])
        .current_dir(tree::root())
        .stdin(Stdio::null())
        .status()
        .context("starting cargo-deny")?;
    if status.success() { Ok(Tally::PASSED) } else { bail!("a dependency has an advisory ({status})") }
}

/// Whether the database could be brought up to date.
fn fetch_database(program: &Path) -> Result<bool> {
    let mut child = Command::new(program)
        .args(["fetch", "db"])
        .current_dir(tree::root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting cargo-deny")?;
    let begun = Instant::now();
    while begun.elapsed() < FETCH_TIME {
        if let Some(status) = child.try_wait().context("waiting for cargo-deny")? {
            return Ok(status.success());
        }
        sleep(Duration::from_millis(100));
    }
    child.kill().context("stopping cargo-deny")?;
    child.wait().context("waiting for cargo-deny")?;
    Ok(false)
}
