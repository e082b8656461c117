//! `belljar repl`.
use std::process::ExitCode;
use clap::Args;
use crate::exit::Failure;
/// Args.
#[derive(Args)]
pub(crate) struct ReplArgs {}
/// Repl.
pub(crate) fn repl(_: &ReplArgs) -> Result<ExitCode, Failure> { Ok(ExitCode::SUCCESS) }
