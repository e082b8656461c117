//! Why a worker did not do something, on its way to the parent.

use serde::{Deserialize, Serialize};

use super::jail::layer::{Lack, Layer};
use crate::error::Error;
use crate::snapshot::refused::SnapshotRefused;

/// The errors that a caller can act on, and the rest as text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Refusal {
    Busy,
    Closed,
    Suspended { pending: u64 },
    NotSuspended,
    Full,
    ToolAnswer { id: u64, reason: String },
    FilePath { path: String, reason: String },
    NoImage { name: String },
    SnapshotContent,
    Other(String),
    Jail { missing: Vec<(Layer, Lack)> },
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self::Busy,
            Error::Closed => Self::Closed,
            Error::Suspended { pending } => Self::Suspended { pending: pending as u64 },
            Error::NotSuspended => Self::NotSuspended,
            Error::Full { .. } => Self::Full,
            Error::ToolAnswer { id, reason } => Self::ToolAnswer { id, reason },
            Error::FilePath { path, reason } => Self::FilePath { path, reason: reason.into_owned() },
            Error::NoImage { name, .. } => Self::NoImage { name },
            Error::Snapshot(_) => Self::SnapshotContent,
            Error::Jail { missing } => Self::Jail { missing },
            other => Self::Other(other.to_string()),
        }
    }
}

impl Refusal {
    /// The error again. `sessions_max` is what the parent knows of the worker's room.
    pub(super) fn into_error(self, sessions_max: u32) -> Error {
        match self {
            Self::Busy => Error::Busy,
            Self::Closed => Error::Closed,
            Self::Suspended { pending } => {
                Error::Suspended { pending: usize::try_from(pending).unwrap_or(usize::MAX) }
            }
            Self::NotSuspended => Error::NotSuspended,
            Self::Full => Error::Full { sessions_max },
            Self::ToolAnswer { id, reason } => Error::ToolAnswer { id, reason: shown(&reason) },
            Self::FilePath { path, reason } => {
                Error::FilePath { path: shown(&path), reason: shown(&reason).into() }
            }
            Self::NoImage { name } => Error::NoImage { name: shown(&name), looked: Vec::new() },
            Self::SnapshotContent => {
                SnapshotRefused::Content("the worker that was to go on from it could not").into()
            }
            Self::Other(text) => Error::Internal(shown(&text)),
            Self::Jail { missing } => Error::Jail { missing },
        }
    }
}

impl Refusal {
    /// What it says.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Other(text) => shown(&text),
            other => other.into_error(0).to_string(),
        }
    }
}

/// A worker's text, which may be a guest's by now.
fn shown(text: &str) -> String {
    crate::audit::shown(text)
}
