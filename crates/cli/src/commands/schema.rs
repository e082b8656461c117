//! `belljar schema`: the JSON Schema of an outcome, of an audit event, or of a policy.

use std::process::ExitCode;

use belljar::{AuditEvent, Error, Outcome, Policy};
use clap::{Args, ValueEnum};

use crate::exit::Failure;
use crate::render;

/// Which schema.
#[derive(Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t = What::Outcome)]
    what: What,
}

/// What has a schema.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// What `run --json` prints
    Outcome,
    /// A line of the file of `--audit`
    Audit,
    /// A policy
    Policy,
}

/// Prints the schema.
pub(crate) fn schema(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    print(args.what)
}

/// Prints the schema of something.
pub(crate) fn print(what: What) -> Result<ExitCode, Failure> {
    let schema = match what {
        What::Outcome => schemars::schema_for!(Outcome),
        What::Audit => schemars::schema_for!(AuditEvent),
        What::Policy => Policy::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Error::Internal(error.to_string()))?;
    render::print(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
