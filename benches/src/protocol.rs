//! What is asked of a peer, and what it answers: one JSON object a line. `README.md` describes it for those who write peers.

use serde::{Deserialize, Serialize};

/// One ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Its version, and what it offers.
    Hello,
    /// `count` times: a new session, all of `codes`, and its end. The last one answers `expect`.
    Fresh { codes: Vec<String>, expect: String, count: usize },
    /// In one session, after `setup`: `count` times `code`.
    Step { setup: String, code: String, expect: String, count: usize },
    /// A program, once, in a session that is ready.
    Cpu { code: String, expect: String },
    /// Private memory of each of `count` sessions that live at once and have run `code`.
    Idle { code: String, expect: String, count: usize },
    /// By how much `code`, which never ends, outlives `deadline_ms`: `count` times.
    Stop { code: String, deadline_ms: u64, count: usize },
    /// Of a session that has run `setup`: `count` times a copy that goes on from there and answers `code`.
    Fork { setup: String, code: String, expect: String, count: usize },
    /// Of such a session: `count` times its state as bytes.
    Snapshot { setup: String, count: usize },
    /// From such bytes: `count` times a session that goes on from there and answers `code`.
    Restore { setup: String, code: String, expect: String, count: usize },
    /// Like `Step`, in a session that was given a function `add` of the host, of `a` and `b`.
    Tool { setup: String, code: String, expect: String, count: usize },
    /// Like `Step`, in a session that may speak HTTP with this port of this machine.
    Http { port: u16, setup: String, code: String, expect: String, count: usize },
}

/// One answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    /// Wall time of each sample.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ns: Vec<i64>,
    /// Time on the processor, of the whole peer, for each sample.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cpu_ns: Vec<i64>,
    /// Bytes for each session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// To `Hello`: the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// To `Hello`: the names of the asks that it can answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) offers: Vec<String>,
    /// Why there is nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Ask {
    /// The name by which peers offer it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Fresh { .. } => "fresh",
            Self::Step { .. } => "step",
            Self::Cpu { .. } => "cpu",
            Self::Idle { .. } => "idle",
            Self::Stop { .. } => "stop",
            Self::Fork { .. } => "fork",
            Self::Snapshot { .. } => "snapshot",
            Self::Restore { .. } => "restore",
            Self::Tool { .. } => "tool",
            Self::Http { .. } => "http",
        }
    }

    /// The same ask for another number of samples, where it has one.
    pub(crate) fn times(&self, samples: usize) -> Self {
        let mut ask = self.clone();
        match &mut ask {
            Self::Hello | Self::Cpu { .. } | Self::Idle { .. } => {}
            Self::Fresh { count, .. }
            | Self::Step { count, .. }
            | Self::Stop { count, .. }
            | Self::Fork { count, .. }
            | Self::Snapshot { count, .. }
            | Self::Restore { count, .. }
            | Self::Tool { count, .. }
            | Self::Http { count, .. } => *count = samples,
        }
        ask
    }
}
