//! Refusals: why a call was not served, as the model reads it.

use belljar::Error;
use rmcp::model::{CallToolResult, ContentBlock};

use crate::settings::PackagesRefused;

/// The longest message, in characters. It may repeat what a stranger sent.
pub(crate) const MESSAGE_CHARS_MAX: usize = 2_000;

/// Why a call was not served. A model reads it, and tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: short(&message.into()), hint: Some(hint.into()) }
    }

    /// Both on lines of their own.
    pub(crate) fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("error: {}\nhint: {hint}", self.message),
            None => format!("error: {}", self.message),
        }
    }

    /// The result of a call that was not served. It has no structured content: that is what the schema of results is for.
    pub(crate) fn into_result(self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text(self.text())])
    }
}

fn short(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Busy => Some("wait for the call that uses it, or fork the session before"),
            Error::Closed => Some("the code ended its session; make a new one with session_create"),
            Error::LimitOutOfRange { .. } => Some("give a number within that range, or leave it out"),
            Error::LimitRaised { .. } => Some("ask for less; whoever runs the server sets the limits"),
            Error::InputName { .. } => {
                Some("a name has letters, digits and _, and does not begin with a digit")
            }
            Error::TooLong { .. } => Some("put data into a file with file_write, and read it from there"),
            Error::NulByte { .. } => Some("leave NUL bytes out"),
            Error::Full { .. } | Error::Overloaded { .. } => Some("try again in a moment"),
            Error::WorkersStopped => Some("the server is ending; nothing more is run"),
            Error::FilePath { .. } => {
                Some("give an absolute path; files can be written in /work, /tmp and /output")
            }
            other => other.hint(),
        };
        Self { message: short(&error.to_string()), hint: hint.map(str::to_owned) }
    }
}

impl From<PackagesRefused> for Refusal {
    fn from(refused: PackagesRefused) -> Self {
        Self { message: refused.message, hint: refused.hint }
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self { message: format!("a part of the server failed: {error}"), hint: None }
    }
}
