//! What a run gives back, however it ended: always the whole object, at every surface.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The one result type of Belljar. Its JSON form is the same at every surface; `belljar schema` prints its schema.
///
/// Built from what the host collected. Nothing that the code printed can forge a field, since results do not travel through output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// How the run ended.
    pub ended: Ended,
    /// What was printed to standard output. Bytes that are not UTF-8 appear in JSON as `\xNN`.
    pub stdout: Text,
    /// What was printed to standard error.
    pub stderr: Text,
    /// Both streams, in the order in which they were printed.
    pub output: Vec<Chunk>,
    /// The value of the last expression, when there is one.
    pub value: Option<Value>,
    /// What the code asked to be shown: tables, pictures, HTML.
    pub displays: Vec<Display>,
    /// The error that ended the run, when one did.
    pub error: Option<GuestError>,
    /// The code's own exit status, when it asked to exit.
    pub exit_code: Option<i32>,
    /// How many bytes of output were left out.
    pub truncated: Truncated,
    /// Files that the code left in `/output`.
    pub files: Vec<File>,
    /// What the session has changed so far of directories that are mounted copy-on-write; 10,000 changes at most are listed. The session
    /// shows and applies them.
    pub changes: Vec<FileChange>,
    /// Calls of tools that the code waits for. Empty unless `ended` is `suspended`.
    pub pending: Vec<Pending>,
    /// What has become of the session.
    pub session: SessionState,
    /// What the run used.
    pub usage: Usage,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The code came to its end.
    Completed,
    /// An error was raised and not caught.
    Raised,
    /// The code asked to exit.
    Exited,
    /// The wall time or the CPU time was used up.
    TimeLimit,
    /// The memory was used up.
    MemoryLimit,
    /// The fuel was used up, or the number of host calls.
    FuelLimit,
    /// More was printed than allowed, and the limits say to stop then.
    OutputLimit,
    /// The caller cancelled the run.
    Cancelled,
    /// The code waits for tools.
    Suspended,
    /// The engine itself failed.
    Crashed,
}

/// What has become of the session after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It lives on, with what the run changed.
    Kept,
    /// It lives on, as it was before the run.
    RolledBack,
    /// It has ended.
    Closed,
}

/// The value of the last expression.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// The value as JSON, when it has a faithful form (`engines/values.md`).
    pub json: Option<Json>,
    /// The value as the language shows it.
    pub repr: String,
    /// The name of its type.
    pub r#type: String,
}

/// JSON text from the guest: checked to be JSON, kept as text so that a small text cannot become a large structure.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Json(#[schemars(with = "serde_json::Value")] Box<RawValue>);

impl Json {
    /// Checks that `text` is JSON.
    ///
    /// # Errors
    ///
    /// What [`serde_json`] says of text that is not JSON, or is nested deeper than 127 levels, which no reader would follow.
    pub fn new(text: String) -> serde_json::Result<Self> {
        // Reading it as raw text alone would not look at the depth.
        serde_json::from_str::<Nested>(&text)?;
        RawValue::from_string(text).map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Parses the text into any type.
    ///
    /// # Errors
    ///
    /// What [`serde_json`] says when the value is not of that type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }
}

/// JSON of any kind, read level by level and forgotten: the parser's own bound on depth holds.
struct Nested;

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

/// An error that the code did not catch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuestError {
    /// Its class: `ValueError`, `TypeError`.
    pub r#type: String,
    /// Its text.
    pub message: String,
    /// The traceback or stack: the user's frames only.
    pub traceback: String,
    /// The innermost line of the user's code, from 1, where there is one.
    pub line: Option<u32>,
}

/// Something to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Its MIME type.
    pub mime: String,
    /// Text as it is; other data as base64.
    pub data: String,
}

/// A file that the code left in `/output`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path, from `/output`.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
}

/// Something in a directory of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub is: FileKind,
    /// The size of a file; 0 of anything else.
    pub size_bytes: u64,
}

/// A change of a file in a directory that is mounted copy-on-write. The host's file is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// The path that the code knows it by.
    pub path: String,
    /// What was done. A file that was moved is deleted at one path and added at another.
    pub kind: ChangeKind,
    /// What was added, changed or deleted.
    pub is: FileKind,
    /// The size that the file has now; of one that is deleted, the size that it had.
    pub size_bytes: u64,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Its content was replaced.
    Changed,
    /// It is not there any more.
    Deleted,
}

/// What something in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
}

/// What became of changes that were to be applied, or of files that were to be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// Those that are on the host now.
    pub applied: Vec<FileChange>,
    /// Those that are not, and why.
    pub refused: Vec<RefusedChange>,
}

/// A change that was not applied. The session still has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusedChange {
    /// Its path.
    pub path: String,
    /// Why it was not applied.
    pub reason: String,
}

/// A tool call that the code waits for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Which call it is.
    pub id: u64,
    /// The tool's name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Json,
}

/// How many bytes were left out of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truncated {
    /// Of standard output.
    pub stdout_bytes: u64,
    /// Of standard error.
    pub stderr_bytes: u64,
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Wall time, in milliseconds.
    pub wall_ms: f64,
    /// CPU time, in milliseconds.
    pub cpu_ms: f64,
    /// Fuel, when it was counted.
    pub fuel: Option<u64>,
    /// The most memory that the session has had so far: linear memory and what the host held for it.
    pub peak_memory_bytes: u64,
    /// Bytes printed, those left out included.
    pub output_bytes: u64,
    /// Calls of the host.
    pub host_calls: u64,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Where it was printed.
    pub stream: Stream,
    /// What was printed.
    pub text: Text,
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Bytes that are meant to be text. They are kept as they came; as a string, what is not UTF-8 shows as `\xNN`.
#[derive(Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Text(Vec<u8>);

impl Text {
    /// The bytes as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What of `chunks` was printed to one stream.
    pub(crate) fn of_stream(chunks: &[Chunk], stream: Stream) -> Self {
        let mut text = Self::default();
        chunks.iter().filter(|chunk| chunk.stream == stream).for_each(|chunk| text.push(&chunk.text.0));
        text
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_lossless_as_bytes_and_escaped_as_a_string() {
        let text = Text::from(vec![b'a', 0xff, b'b']);
        assert_eq!(text.as_bytes(), [b'a', 0xff, b'b']);
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""a\\xffb""#);
    }

    #[test]
    fn json_from_the_guest_is_checked() {
        assert!(Json::new("[1, 2".to_owned()).is_err());
        assert!(Json::new("[".repeat(1000) + &"]".repeat(1000)).is_err());
        assert_eq!(Json::new("[1, 2]".to_owned()).unwrap().get(), "[1, 2]");
    }
}
