//! Every bound on what code may use: its unit, scope, default, ceiling and reason, in one place.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One mebibyte, in bytes.
pub const MIB: u64 = 1024 * 1024;

/// The largest memory that a WebAssembly instance with 32-bit addresses can have.
pub const MEMORY_BYTES_CEILING: u64 = 4096 * MIB;

/// The longest that one run may be allowed to take: a day.
pub const TIME_MS_CEILING: u64 = 24 * 60 * 60 * 1000;

/// How much CPU time an engine has to heed a soft stop, before its instance is trapped: so short that a deadline holds within 2 ms in
/// code that never looks, such as a loop in C.
pub const GRACE: Duration = Duration::from_micros(1_500);

/// How much CPU time an engine has in all once it has heeded a soft stop: enough to unwind the code and to write its traceback for the
/// first time in a process.
pub const GRACE_HEEDED: Duration = Duration::from_millis(10);

/// How much wall time an engine has after a soft stop, when the machine is so busy that it gets no CPU time.
pub const GRACE_WALL: Duration = Duration::from_millis(20);

/// How deep the JSON of a value may ever be nested: what a JSON parser on the host's side accepts without recursing far.
pub const VALUE_DEPTH_CEILING: u32 = 100;

/// What a session may use. Every limit is on, except `fuel`, which is counted only when it is asked for.
///
/// | limit | unit | scope | default | ceiling |
/// |---|---|---|---|---|
/// | `memory_bytes` | bytes | session | 128 MiB | 4 GiB |
/// | `time_ms` | milliseconds of wall time | run | 10 s | 1 day |
/// | `cpu_ms` | milliseconds of CPU time | run | 10 s | 1 day |
/// | `fuel` | WebAssembly instructions, about | run | not counted | 2^63 - 1 |
/// | `output_bytes` | bytes on stdout and stderr together | run | 1 MiB | 1 GiB |
/// | `value_bytes` | bytes of the value's JSON, and of its repr | run | 256 KiB | 64 MiB |
/// | `value_depth` | levels of nesting in the value | run | 64 | 100 |
/// | `files_bytes` | bytes in virtual files | session | 64 MiB | 4 GiB |
/// | `files_count` | files and directories | session | 4096 | 1 million |
/// | `files_depth` | directories above a file | session | 32 | 256 |
/// | `open_files` | files open at once | session | 128 | 4096 |
/// | `host_calls` | calls to the host | run | 10 million | 2^63 - 1 |
/// | `net_requests` | requests over the network | run | 1000 | 1 million |
/// | `net_bytes` | bytes over the network, in both directions | run | 64 MiB | 1 TiB |
/// | `tool_calls` | calls of tools | run | 1000 | 1 million |
///
/// The limits on files hold for what is kept in memory, changes of copy-on-write mounts included. A mount that is written has quotas of its
/// own ([`Mount`](crate::Mount)); `files_depth` and `open_files` hold there as well.
///
/// ```
/// use belljar::Limits;
///
/// let limits = Limits { time_ms: 500, ..Limits::default() };
/// assert!(limits.check().is_ok());
/// assert!(Limits { time_ms: 0, ..limits }.check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Memory of the session: its linear memory (the engine's own included) and what the host holds for it. Output and results count, and
    /// are refused by their own limits alone. Taking the types out of TypeScript uses what is left of it, and gives it back.
    pub memory_bytes: u64,
    /// Wall time of one run, waiting and the reading of TypeScript included.
    pub time_ms: u64,
    /// CPU time of one run.
    pub cpu_ms: u64,
    /// A deterministic budget: about one for each WebAssembly instruction that the engine executes. Counting costs speed, so it is off unless asked for.
    pub fuel: Option<u64>,
    /// Output kept of one run, stdout and stderr together. What is more is cut in the middle, and the cut is marked.
    pub output_bytes: u64,
    /// What happens when `output_bytes` is reached.
    pub on_output_limit: OnOutputLimit,
    /// Size of the value's JSON, and of its repr. A larger value has no JSON, and its repr is cut.
    pub value_bytes: u64,
    /// Nesting of the value. A deeper value has no JSON.
    pub value_depth: u32,
    /// Content of all virtual files together.
    pub files_bytes: u64,
    /// Number of virtual files and directories.
    pub files_count: u32,
    /// Number of directories above a virtual file.
    pub files_depth: u32,
    /// Number of files open at once.
    pub open_files: u32,
    /// Number of times that one run may call the host.
    pub host_calls: u64,
    /// Number of requests that one run may make over the network.
    pub net_requests: u64,
    /// Bytes that one run may send and receive over the network, encryption not counted.
    pub net_bytes: u64,
    /// Number of times that one run may call tools, all together.
    pub tool_calls: u64,
}

/// What happens to code that prints more than it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnOutputLimit {
    /// The middle of the output is cut and the code goes on.
    #[default]
    Cut,
    /// The run ends with `output_limit`.
    Stop,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 * MIB,
            time_ms: 10_000,
            cpu_ms: 10_000,
            fuel: None,
            output_bytes: MIB,
            on_output_limit: OnOutputLimit::Cut,
            value_bytes: MIB / 4,
            value_depth: 64,
            files_bytes: 64 * MIB,
            files_count: 4096,
            files_depth: 32,
            open_files: 128,
            host_calls: 10_000_000,
            net_requests: 1000,
            net_bytes: 64 * MIB,
            tool_calls: 1000,
        }
    }
}

impl Limits {
    /// Checks every limit against its range. What an image needs at least is checked when a jar is made from it.
    ///
    /// # Errors
    ///
    /// [`Error::LimitOutOfRange`] names the first limit that is out of its range, and the range.
    pub fn check(&self) -> Result<()> {
        self.out_of_range().next().map_or(Ok(()), Err)
    }

    /// An error for each limit that is out of its range.
    pub(crate) fn out_of_range(&self) -> impl Iterator<Item = Error> {
        let long = u64::from(u32::MAX) << 31;
        let ranges = [
            ("memory_bytes", self.memory_bytes, 1, MEMORY_BYTES_CEILING),
            ("time_ms", self.time_ms, 1, TIME_MS_CEILING),
            ("cpu_ms", self.cpu_ms, 1, TIME_MS_CEILING),
            ("fuel", self.fuel.unwrap_or(1), 1, long),
            ("output_bytes", self.output_bytes, 0, 1024 * MIB),
            ("value_bytes", self.value_bytes, 0, 64 * MIB),
            ("value_depth", u64::from(self.value_depth), 1, u64::from(VALUE_DEPTH_CEILING)),
            ("files_bytes", self.files_bytes, 0, MEMORY_BYTES_CEILING),
            ("files_count", u64::from(self.files_count), 0, 1_000_000),
            ("files_depth", u64::from(self.files_depth), 1, 256),
            ("open_files", u64::from(self.open_files), 0, 4096),
            ("host_calls", self.host_calls, 1, long),
            ("net_requests", self.net_requests, 0, 1_000_000),
            ("net_bytes", self.net_bytes, 0, 1024 * 1024 * MIB),
            ("tool_calls", self.tool_calls, 0, 1_000_000),
        ];
        ranges
            .into_iter()
            .filter(|(_, value, least, most)| !(least..=most).contains(&value))
            .map(|(limit, value, least, most)| Error::LimitOutOfRange { limit, value, least, most })
    }

    /// These limits, and `named` in the place of those that it names, by their fields.
    ///
    /// # Errors
    ///
    /// What the JSON parser says of a limit that there is not, or that is no number.
    ///
    /// ```
    /// use belljar::Limits;
    ///
    /// let named = serde_json::json!({"time_ms": 500});
    /// let limits = Limits::default().with(named.as_object().unwrap().clone()).unwrap();
    /// assert_eq!(limits, Limits { time_ms: 500, ..Limits::default() });
    /// ```
    pub fn with(&self, named: Map<String, Value>) -> serde_json::Result<Self> {
        let mut all = match serde_json::to_value(self)? {
            Value::Object(all) => all,
            _ => Map::new(),
        };
        all.extend(named);
        serde_json::from_value(Value::Object(all))
    }

    /// The wall time of one run.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.time_ms)
    }

    /// The CPU time of one run.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_ranges() {
        Limits::default().check().unwrap();
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        let error = Limits { value_depth: 101, ..Limits::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "value_depth is 101, but must be from 1 to 100");
    }

    #[test]
    fn a_misspelt_limit_is_refused() {
        let error = serde_json::from_str::<Limits>(r#"{"time": 3}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `time`"), "{error}");
    }
}
