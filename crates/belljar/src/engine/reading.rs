//! What passes between a run and what takes the types out of its code: what it has left, and why code could not be read.

use std::pin::Pin;

use super::deadline::Deadline;
use crate::host::meter::Meter;
use crate::host::stop::Stop;
use crate::outcome::GuestError;

/// What a run has left for reading its code, lent by the session.
pub(crate) struct Budget {
    pub(crate) deadline: Deadline,
    pub(crate) meter: Meter,
}

/// Why code could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is wrong.
    Wrong(GuestError),
    /// The run was stopped before it was read.
    Stopped(Stop),
    /// What reads it failed.
    Broken(String),
}

/// What takes types out, within what a run has left.
pub(crate) trait ReadTypes: Send + Sync {
    /// The code without its types, and what is left then.
    fn read<'a>(&'a self, name: &'a str, code: &'a str, budget: Budget) -> Reading<'a>;
}

/// Code that is being read.
pub(crate) type Reading<'a> = Pin<Box<dyn Future<Output = (Result<String, Unread>, Budget)> + Send + 'a>>;
