//! `belljar completions`: what a shell needs to complete our command line.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Failure;
use crate::render;

/// Which shell to print completions for.
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
pub(crate) fn completions(args: &CompletionsArgs, mut whole: Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole, "belljar", &mut script);
    render::print(&script)?;
    Ok(ExitCode::SUCCESS)
}
