//! jsonl
use std::process::ExitCode;
use crate::exit::Failure;
use crate::limit_args::LimitArgs;
/// Serve.
pub(crate) fn serve(_: &str, _: &LimitArgs) -> Result<ExitCode, Failure> { Ok(ExitCode::SUCCESS) }
