//! Refusals: why a request was not served, and whose fault that is.

use belljar::{Error, Fault};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::id::Id;
use super::line::Unreadable;

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The request, where it could be told.
    pub(crate) id: Option<Id>,
    /// Whose fault it is.
    pub(crate) fault: Fault,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Refusal {
    /// The caller's mistake, and what to do about it.
    pub(crate) fn caller(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { id: None, fault: Fault::Caller, message: message.into(), hint: Some(hint.into()) }
    }

    /// The machine lacks something.
    pub(crate) fn machine(message: impl Into<String>) -> Self {
        Self { id: None, fault: Fault::Installation, message: message.into(), hint: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let hint = match error {
            Error::Closed => Some("close it, and its name is free for a new one"),
            Error::Suspended { .. } => Some("answer the calls in `pending` with the op resume"),
            Error::NoSnapshotKey => Some("start the program with --snapshot-key FILE"),
            Error::TooLong { what: "the snapshot", .. } => {
                Some("keep less in the session, or use --save FILE of `belljar run`")
            }
            _ => error.hint(),
        };
        let hint = hint.map(str::to_owned);
        Self { id: None, fault: error.fault(), message: error.to_string(), hint }
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::TooLong { most } => {
                Self::caller(format!("the line is longer than {most} bytes"), "give less in one request")
            }
            Unreadable::NotUtf8 { offset } => {
                Self::caller(format!("the line is not UTF-8: look at offset {offset}"), "JSON is UTF-8")
            }
        }
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.fault {
            Fault::Caller => "caller",
            Fault::Installation => "installation",
            Fault::Belljar => "belljar",
        };
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("hint", &self.hint)?;
        map.end()
    }
}
