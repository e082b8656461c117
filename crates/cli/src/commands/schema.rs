//! `belljar schema`: the JSON Schema of an outcome.

use std::process::ExitCode;

use belljar::{Error, Outcome};

use crate::exit::Failure;
use crate::render;

/// Prints the schema.
pub(crate) fn schema() -> Result<ExitCode, Failure> {
    let schema = schemars::schema_for!(Outcome);
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Error::Internal(error.to_string()))?;
    render::print(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
