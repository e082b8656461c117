//! An outcome as its JSON says, as far as programs promise anything about it (`docs/outcome.schema.json`).

use serde::Deserialize;
use serde_json::value::RawValue;

/// How a run ended, and what it left. Fields that nothing is promised about are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// How it ended.
    pub ended: String,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
    /// Its value, if it has one.
    pub value: Option<Value>,
    /// The error that ended it.
    pub error: Option<GuestError>,
    /// The exit status that it asked for.
    pub exit_code: Option<i32>,
    /// What was left out of its output.
    pub truncated: Truncated,
    /// What has become of its session.
    pub session: String,
    /// What it used.
    pub usage: Usage,
}

/// The value of a run.
#[derive(Debug, Deserialize)]
pub struct Value {
    /// As the language shows it.
    pub repr: String,
    /// Its JSON, as it was written, if it has one.
    pub json: Option<Box<RawValue>>,
}

/// An error of the code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GuestError {
    /// Its type.
    pub r#type: String,
    /// What it says.
    pub message: String,
    /// The line that it was raised at.
    pub line: Option<u32>,
    /// Where it came from.
    pub traceback: String,
}

/// How much output was left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Truncated {
    /// Bytes of standard output.
    pub stdout_bytes: u64,
}

/// What a run used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Milliseconds of wall time.
    pub wall_ms: f64,
}
