//! What a run gave, as clients are shown it: one object for programs, and the same as text for models. Each is complete without the other.

use belljar::{ChangeKind, Ended, Outcome, SessionState, Usage};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::absent;
use crate::marked::push_part;

/// What a run gave. The fields are those of the outcome that every other surface gives; what it says twice is left out, since a model pays for each word.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    /// How the run ended.
    pub(crate) ended: Ended,
    /// What was printed to standard output.
    stdout: String,
    /// What was printed to standard error.
    stderr: String,
    /// The value of the last expression, when there is one.
    value: Option<ShownValue>,
    /// The error that ended the run, when one did.
    error: Option<ShownError>,
    /// The code's own exit status, when it asked to exit.
    exit_code: Option<i32>,
    /// How many bytes of output were left out.
    left_out_bytes: u64,
    /// What the code asked to be shown, by its kind.
    displays: Vec<ShownDisplay>,
    /// Files that the code left in `/output`.
    pub(crate) files: Vec<ShownFile>,
    /// Changes that the session holds of directories that are mounted copy-on-write.
    changes: Vec<ShownChange>,
    /// The session that the code ran in, or that is kept for its files; none when it is gone.
    session: Option<String>,
    /// What has become of the session.
    session_state: SessionState,
    /// What to do about it, where that can be said.
    hint: Option<String>,
    /// What the run used.
    usage: Usage,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShownValue {
    /// As the language shows it.
    repr: String,
    /// The name of its type.
    r#type: String,
    /// As JSON, when it has a faithful form.
    json: Option<Value>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShownError {
    /// Its class.
    r#type: String,
    /// Its text.
    message: String,
    /// The traceback or stack.
    traceback: String,
    /// The innermost line of the code, from 1.
    line: Option<u32>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShownDisplay {
    /// Its MIME type.
    mime: String,
    /// The text; of other data nothing, which is given as content where it was asked for.
    text: Option<String>,
    /// How long its data is.
    bytes: usize,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownFile {
    /// Its path.
    pub(crate) path: String,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// Where `resources/read` finds it, while its session is kept.
    pub(crate) uri: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShownChange {
    path: String,
    kind: ChangeKind,
}

impl Shown {
    /// What is shown of an outcome. `session` is the handle of the session that is kept.
    pub(crate) fn of(outcome: &Outcome, session: Option<&str>, can_install: bool) -> Self {
        let truncated = outcome.truncated;
        let file = |file: &belljar::File| ShownFile {
            path: format!("/output/{}", file.path),
            size_bytes: file.size_bytes,
            uri: session.map(|session| uri_of(session, &file.path)),
        };
        Self {
            ended: outcome.ended,
            stdout: outcome.stdout.to_string(),
            stderr: outcome.stderr.to_string(),
            value: outcome.value.as_ref().map(ShownValue::of),
            error: outcome.error.as_ref().map(|error| ShownError {
                r#type: error.r#type.clone(),
                message: error.message.clone(),
                traceback: error.traceback.clone(),
                line: error.line,
            }),
            exit_code: outcome.exit_code,
            left_out_bytes: truncated.stdout_bytes + truncated.stderr_bytes,
            displays: outcome.displays.iter().map(ShownDisplay::of).collect(),
            files: outcome.files.iter().map(file).collect(),
            changes: outcome
                .changes
                .iter()
                .map(|change| ShownChange { path: change.path.clone(), kind: change.kind })
                .collect(),
            session: session.map(str::to_owned),
            session_state: outcome.session,
            hint: advice(outcome.ended, outcome.session)
                .map(str::to_owned)
                .or_else(|| absent::advice(outcome, can_install)),
            usage: outcome.usage,
        }
    }

    /// The same as text: a part for whatever there is.
    pub(crate) fn text(&self) -> String {
        let mut parts = vec![format!("<ended>{}</ended>", name_of(self.ended))];
        for (tag, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                push_part(&mut parts, tag, text.strip_suffix('\n').unwrap_or(text));
            }
        }
        if let Some(value) = &self.value {
            push_part(&mut parts, "value", &value.repr);
        }
        for display in &self.displays {
            let text = display.text.clone().unwrap_or_else(|| format!("{} bytes", display.bytes));
            push_part(&mut parts, "display", &format!("{}\n{text}", display.mime));
        }
        if let Some(error) = &self.error {
            let text = if error.traceback.is_empty() { &error.message } else { &error.traceback };
            push_part(&mut parts, "error", text.trim_end_matches('\n'));
        }
        if let Some(code) = self.exit_code {
            parts.push(format!("<exit_code>{code}</exit_code>"));
        }
        let files = self.files.iter().map(|file| match &file.uri {
            Some(uri) => format!("{} ({} bytes) {uri}", file.path, file.size_bytes),
            None => format!("{} ({} bytes)", file.path, file.size_bytes),
        });
        let changes = self.changes.iter().map(|change| format!("{} {}", kind_of(change.kind), change.path));
        for (tag, lines) in [("files", files.collect::<Vec<_>>()), ("changes", changes.collect())] {
            if !lines.is_empty() {
                push_part(&mut parts, tag, &lines.join("\n"));
            }
        }
        if self.left_out_bytes > 0 {
            parts.push(format!(
                "<note>{} bytes of output were left out in the middle</note>",
                self.left_out_bytes
            ));
        }
        if let Some(session) = &self.session {
            parts.push(format!("<session>{session}</session>"));
        }
        if let Some(hint) = &self.hint {
            parts.push(format!("<hint>{hint}</hint>"));
        }
        parts.join("\n")
    }

    /// Whether a model should take it for a failure.
    pub(crate) fn is_failure(&self) -> bool {
        match self.ended {
            Ended::Completed | Ended::Suspended => false,
            Ended::Exited => self.exit_code.unwrap_or_default() != 0,
            Ended::Raised
            | Ended::TimeLimit
            | Ended::MemoryLimit
            | Ended::FuelLimit
            | Ended::OutputLimit
            | Ended::Cancelled
            | Ended::Crashed => true,
        }
    }
}

impl ShownValue {
    fn of(value: &belljar::Value) -> Self {
        let json = value.json.as_ref().and_then(|json| json.parse().ok());
        Self { repr: value.repr.clone(), r#type: value.r#type.clone(), json }
    }
}

impl ShownDisplay {
    fn of(display: &belljar::Display) -> Self {
        let is_text = display.mime.starts_with("text/") || display.mime.ends_with("json");
        let text = is_text.then(|| display.data.clone());
        Self { mime: display.mime.clone(), text, bytes: display.data.len() }
    }
}

/// Where a client reads a file of `/output`.
pub(crate) fn uri_of(session: &str, path: &str) -> String {
    format!("belljar://session/{session}/output/{}", escaped(path))
}

/// The path, with what a URI gives a meaning to written as `%XX`.
fn escaped(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            other => text += &format!("%{other:02X}"),
        }
    }
    text
}

/// An ending by the name that it has in JSON.
pub(crate) fn name_of(ended: Ended) -> &'static str {
    match ended {
        Ended::Completed => "completed",
        Ended::Raised => "raised",
        Ended::Exited => "exited",
        Ended::TimeLimit => "time_limit",
        Ended::MemoryLimit => "memory_limit",
        Ended::FuelLimit => "fuel_limit",
        Ended::OutputLimit => "output_limit",
        Ended::Cancelled => "cancelled",
        Ended::Suspended => "suspended",
        Ended::Crashed => "crashed",
    }
}

fn kind_of(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Changed => "changed",
        ChangeKind::Deleted => "deleted",
    }
}

/// What a model should make of an ending that is not the code's own.
fn advice(ended: Ended, state: SessionState) -> Option<&'static str> {
    let rolled_back = state == SessionState::RolledBack;
    match ended {
        Ended::TimeLimit if rolled_back => {
            Some("the time of the run was used up; the session is as it was before: do less in one run")
        }
        Ended::TimeLimit => Some("the time of the run was used up: do less in one run"),
        Ended::MemoryLimit => Some("the memory was used up: work in smaller pieces"),
        Ended::FuelLimit => Some("the budget of instructions or host calls was used up: do less in one run"),
        Ended::OutputLimit => Some("too much was printed: print less"),
        Ended::Crashed => {
            Some("the engine failed; the session's state may be lost: run it again in a new session")
        }
        Ended::Cancelled => Some("the run was cancelled"),
        Ended::Completed | Ended::Raised | Ended::Exited | Ended::Suspended => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_part_of_a_uri_and_nothing_else() {
        assert_eq!(uri_of("a1", "x y/ü#?.png"), "belljar://session/a1/output/x%20y/%C3%BC%23%3F.png");
    }
}
