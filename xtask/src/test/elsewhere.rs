//! Systems without the second ring: the library and the program are checked as they are built there, on this machine, whose own calls stand in for theirs.

use anyhow::{Context, Result, bail};

use super::Tally;
use crate::cargo::cargo;
use crate::tree;

/// What `crates/belljar/build.rs` asks for.
const PRETENCE: &str = "BELLJAR_PRETEND_NO_SECOND_RING";

/// Its own folder below that of cargo, so that what was built for this machine stays.
const FOLDER: &str = "elsewhere";

/// Type-checks, and builds nothing.
pub(super) fn check() -> Result<Tally> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), Into::into);
    let status = cargo()
        .args(["check", "--locked", "--package", "belljar", "--package", "belljar-cli"])
        .env(PRETENCE, "1")
        .env("CARGO_TARGET_DIR", target.join(FOLDER))
        .status()
        .context("starting cargo")?;
    if status.success() {
        Ok(Tally::PASSED)
    } else {
        bail!("it does not build without the second ring ({status})")
    }
}
