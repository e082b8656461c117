//! `belljar doctor`.
use std::process::ExitCode;
use clap::Args;
use crate::exit::Failure;
/// Args.
#[derive(Args)]
pub(crate) struct DoctorArgs {}
/// Doctor.
pub(crate) fn doctor(_: &DoctorArgs) -> Result<ExitCode, Failure> { Ok(ExitCode::SUCCESS) }
