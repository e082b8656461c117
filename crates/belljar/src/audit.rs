//! What is written down of the use of grants: one kind of event, with one schema, for whoever listens.
//!
//! Events go through `tracing`, under the target `belljar::audit`, and cost nothing where nobody listens. `host::audit` makes them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

/// The target of audit events in `tracing`.
pub const AUDIT_TARGET: &str = "belljar::audit";

/// A use of a grant, a refusal of one, or a step in the life of a session.
///
/// In `tracing` each field of this type is a field of the event, as text; `details` is JSON. A subscriber gets it back with
/// [`AuditEvent::of`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// When: RFC 3339, UTC.
    pub time: String,
    /// Which session: 32 hexadecimal digits that nobody can guess, new for each session, also for one that was forked or restored. None for what
    /// was refused before there was a session.
    pub session: Option<String>,
    /// The session that this one was forked or restored from.
    pub parent: Option<String>,
    /// Which run of the session, from 1; 0 before the first. What happens between two runs has the number of the last one.
    pub run: u64,
    /// What happened.
    pub kind: AuditKind,
    /// Whether it was allowed.
    pub decision: Decision,
    /// What it was about: a file, a URL, a tool, a limit.
    pub target: String,
    /// Why it was refused, or why it failed.
    pub reason: Option<String>,
    /// More about it, by kind (`docs/audit.md`).
    pub details: Map<String, Value>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A session began.
    SessionBegin,
    /// A session ended.
    SessionEnd,
    /// A run began, or was refused.
    RunBegin,
    /// A run ended.
    RunEnd,
    /// A file of a mounted directory was opened, made, removed or renamed.
    File,
    /// A change was applied to the host, or output saved there.
    Change,
    /// An exchange over HTTP.
    Net,
    /// A secret was put into a request.
    Secret,
    /// A tool was called.
    Tool,
    /// A snapshot was taken.
    Snapshot,
    /// A session was restored from a snapshot.
    Restore,
    /// A session was forked.
    Fork,
    /// A package was resolved.
    Package,
    /// A limit ended a run.
    Limit,
    /// Something was asked for that a policy does not allow.
    Policy,
    /// Events were left out, since there were too many.
    Dropped,
}

/// Whether something was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It was. It may have failed for other reasons.
    Allowed,
    /// It was not, and did not happen.
    Refused,
}

impl AuditEvent {
    /// The audit event in an event of `tracing`, if it is one.
    #[must_use]
    pub fn of(event: &tracing::Event<'_>) -> Option<Self> {
        if event.metadata().target() != AUDIT_TARGET {
            return None;
        }
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut fields = fields.0;
        if let Some(details) = fields.get_mut("details") {
            *details = serde_json::from_str(details.as_str()?).ok()?;
        }
        serde_json::from_value(Value::Object(fields)).ok()
    }

    /// Hands the event to whoever listens.
    pub(crate) fn emit(&self) {
        let (kind, decision) = (word(&self.kind), word(&self.decision));
        let details = Value::Object(self.details.clone()).to_string();
        tracing::event!(
            target: AUDIT_TARGET,
            Level::INFO,
            time = self.time,
            session = self.session,
            parent = self.parent,
            run = self.run,
            kind = kind,
            decision = decision,
            target = self.target,
            reason = self.reason,
            details = details
        );
    }

    /// An event of no session.
    fn outside(kind: AuditKind, decision: Decision, target: &str, reason: Option<&str>) -> Self {
        Self {
            time: crate::host::time::now_rfc3339(),
            session: None,
            parent: None,
            run: 0,
            kind,
            decision,
            target: shown(target),
            reason: reason.map(shown),
            details: Map::new(),
        }
    }
}

/// Whether anybody listens.
pub(crate) fn is_on() -> bool {
    tracing::enabled!(target: AUDIT_TARGET, Level::INFO)
}

/// Writes down that a package was resolved for code, or refused for a reason: for whoever resolves packages. `details` is what else is known, such as
/// its version and hash.
///
/// ```
/// belljar::audit_package("numpy", None, serde_json::json!({"version": "2.3.1"}));
/// ```
pub fn audit_package(name: &str, refused: Option<&str>, details: Value) {
    if is_on() {
        let decision = if refused.is_some() { Decision::Refused } else { Decision::Allowed };
        let event = AuditEvent::outside(AuditKind::Package, decision, name, refused);
        let details = details.as_object().cloned().unwrap_or_default();
        AuditEvent { details, ..event }.emit();
    }
}

/// Writes down that a policy refused something.
pub(crate) fn refused_by_policy(policy: &str, asked: &str, why: &str) {
    if is_on() {
        let event = AuditEvent::outside(AuditKind::Policy, Decision::Refused, asked, Some(why));
        AuditEvent { details: [("policy".to_owned(), policy.into())].into_iter().collect(), ..event }.emit();
    }
}

/// The most characters that are kept of a text.
const TEXT_CHARS_MAX: usize = 500;

/// Text from a guest or a stranger as it is written down: bounded, on one line, with nothing that a reader's eye or terminal could take for something else.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (count, letter) in text.chars().enumerate() {
        if count == TEXT_CHARS_MAX {
            shown.push('…');
            break;
        }
        let hides = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if letter.is_control() || hides {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The one word that a value is written as.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The fields of an event as JSON.
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_on_one_line() {
        assert_eq!(
            shown("a\n{\"kind\":\"net\"}\u{1b}[2J\u{202e}"),
            "a\\u{a}{\"kind\":\"net\"}\\u{1b}[2J\\u{202e}"
        );
        assert_eq!(shown(&"é".repeat(1000)).chars().count(), TEXT_CHARS_MAX + 1);
    }
}
