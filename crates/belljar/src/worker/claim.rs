//! An outcome on its way from a worker: what it says of a run, which is a claim until the parent has looked at it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::host::bounded;
use crate::host::report::ERROR_TEXT_BYTES_MAX;
use crate::limits::{Limits, MIB};
use crate::outcome::{
    Chunk, Display, Ended, File, FileChange, GuestError, Json, Outcome, Pending, SessionState, Stream, Text,
    Truncated, Usage, Value,
};

/// The most entries of each list. What they are made of is bounded by the size of the whole.
const CHUNKS_MAX: usize = 4_000_000;
const DISPLAYS_MAX: usize = 1000;
const FILES_MAX: usize = 1_000_000;
const CHANGES_MAX: usize = 10_000;
const PENDING_MAX: usize = 64;

/// How much longer text can become when what is not UTF-8 in it is replaced.
const REPLACED: u64 = 3;

/// The marks that say how much of the output was cut, with room to spare.
const MARKS_BYTES_MAX: u64 = 256;

/// What a worker says of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    ended: Ended,
    session: SessionState,
    #[serde(deserialize_with = "bounded::list::<CHUNKS_MAX, _, _>")]
    output: Vec<(Stream, serde_bytes::ByteBuf)>,
    /// JSON, repr and type.
    value: Option<(Option<String>, String, String)>,
    #[serde(deserialize_with = "bounded::list::<DISPLAYS_MAX, _, _>")]
    displays: Vec<Display>,
    error: Option<GuestError>,
    exit_code: Option<i32>,
    truncated: Truncated,
    #[serde(deserialize_with = "bounded::list::<FILES_MAX, _, _>")]
    files: Vec<File>,
    #[serde(deserialize_with = "bounded::list::<CHANGES_MAX, _, _>")]
    changes: Vec<FileChange>,
    #[serde(deserialize_with = "bounded::list::<PENDING_MAX, _, _>")]
    pending: Vec<(u64, String, String)>,
    usage: Usage,
}

impl From<Outcome> for Claim {
    fn from(outcome: Outcome) -> Self {
        let chunk = |chunk: Chunk| (chunk.stream, serde_bytes::ByteBuf::from(chunk.text.into_bytes()));
        let value = |value: Value| (value.json.map(|json| json.get().to_owned()), value.repr, value.r#type);
        let pending = |call: Pending| (call.id, call.tool, call.arguments.get().to_owned());
        Self {
            ended: outcome.ended,
            session: outcome.session,
            output: outcome.output.into_iter().map(chunk).collect(),
            value: outcome.value.map(value),
            displays: outcome.displays,
            error: outcome.error,
            exit_code: outcome.exit_code,
            truncated: outcome.truncated,
            files: outcome.files,
            changes: outcome.changes,
            pending: outcome.pending.into_iter().map(pending).collect(),
            usage: outcome.usage,
        }
    }
}

/// The most bytes that the answer to a run under these limits can have.
pub(super) fn bytes_max(limits: &Limits) -> u64 {
    // Small chunks cost a few bytes more than they hold, displays come out of the session's memory, and lists of files are paths.
    limits.output_bytes * 4
        + limits.value_bytes * 2 * REPLACED
        + limits.memory_bytes.min(512 * MIB)
        + 64 * MIB
}

/// The most bytes of output, marks included.
pub(super) fn printed_bytes_max(limits: &Limits) -> u64 {
    limits.output_bytes + MARKS_BYTES_MAX
}

impl Claim {
    /// The outcome, if it can be one of a run under these limits that took `wall`.
    ///
    /// # Errors
    ///
    /// What in it cannot be.
    pub(super) fn into_outcome(self, limits: &Limits, wall: Duration) -> Result<Outcome, String> {
        self.check(limits)?;
        let chunk = |(stream, bytes): (Stream, serde_bytes::ByteBuf)| Chunk {
            stream,
            text: Text::from(bytes.into_vec()),
        };
        let output: Vec<Chunk> = self.output.into_iter().map(chunk).collect();
        let json = |text| Json::new(text).map_err(|_| "it claims something as JSON that is none".to_owned());
        let value = match self.value {
            Some((text, repr, r#type)) => Some(Value { json: text.map(json).transpose()?, repr, r#type }),
            None => None,
        };
        let pending = |(id, tool, arguments)| Ok(Pending { id, tool, arguments: json(arguments)? });
        Ok(Outcome {
            ended: self.ended,
            stdout: Text::of_stream(&output, Stream::Stdout),
            stderr: Text::of_stream(&output, Stream::Stderr),
            output,
            value,
            displays: self.displays,
            error: self.error,
            exit_code: self.exit_code,
            truncated: self.truncated,
            files: self.files,
            changes: self.changes,
            pending: self.pending.into_iter().map(pending).collect::<Result<_, String>>()?,
            session: self.session,
            usage: used(self.usage, limits, wall),
        })
    }

    fn check(&self, limits: &Limits) -> Result<(), &'static str> {
        let is = |is_so: bool, what| if is_so { Ok(()) } else { Err(what) };
        let printed: u64 = self.output.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        is(printed <= printed_bytes_max(limits), "it claims more output than the limit allows")?;
        if let Some((json, repr, r#type)) = &self.value {
            let longest = json.as_ref().map_or(0, String::len).max(repr.len()) as u64;
            is(longest <= limits.value_bytes * REPLACED, "it claims a value larger than the limit allows")?;
            is(r#type.len() <= 4096, "it claims a type with a name too long")?;
        }
        if let Some(error) = &self.error {
            let longest = error.message.len().max(error.traceback.len());
            // TypeScript's complaints quote a line of the code.
            is(longest <= ERROR_TEXT_BYTES_MAX * 4, "it claims an error with too much text")?;
        }
        let is_exit = self.exit_code.is_none() || self.ended == Ended::Exited;
        is(is_exit, "it claims an exit status of code that did not exit")?;
        is(
            self.pending.is_empty() == (self.ended != Ended::Suspended),
            "it claims calls that nobody waits for",
        )?;
        is(self.usage.wall_ms.is_finite() && self.usage.cpu_ms.is_finite(), "it claims no time at all")
    }
}

/// What was used, no more than can have been: the parent's own clock bounds time, and the limits bound memory.
fn used(claimed: Usage, limits: &Limits, wall: Duration) -> Usage {
    let wall_ms = wall.as_secs_f64() * 1000.0;
    Usage {
        wall_ms: claimed.wall_ms.clamp(0.0, wall_ms),
        cpu_ms: claimed.cpu_ms.clamp(0.0, wall_ms),
        fuel: claimed.fuel.filter(|_| limits.fuel.is_some()),
        peak_memory_bytes: claimed.peak_memory_bytes.min(limits.memory_bytes),
        ..claimed
    }
}
