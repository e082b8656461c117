//! What is written down of the life of a session: its beginning and end, its runs, and what was done with it between them.

use serde_json::{Map, Value, json};

use crate::admit::Plan;
use crate::audit::AuditKind;
use crate::error::Error;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::limits::Limits;
use crate::outcome::{Applied, Ended, Outcome};

/// A session that tells that it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Telling(Audit);

impl Telling {
    /// A session that goes on from another, or from none.
    pub(crate) fn of_session(parent: Option<String>) -> Self {
        Self(Audit::of_session(parent))
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.0
    }

    /// It has turned out to go on from another one.
    pub(crate) fn goes_on_from(&self, parent: &str) {
        self.0.goes_on_from(parent);
    }

    /// Tells that a run was refused before it began.
    pub(crate) fn refused(&self, error: &Error) {
        self.0.step(AuditKind::RunBegin, "", Some(&error.to_string()), Map::new());
    }

    /// Tells what became of changes that were to be applied, or of output that was to be saved.
    pub(crate) fn applied(&self, what: &str, applied: &Applied) {
        for change in &applied.applied {
            let mut entry = self.0.entry(AuditKind::Change, || change.path.clone());
            entry.detail("act", || what.into());
            entry.detail("change", || json!(change.kind));
            entry.detail("bytes", || json!(change.size_bytes));
        }
        for change in &applied.refused {
            let mut entry = self.0.entry(AuditKind::Change, || change.path.clone());
            entry.detail("act", || what.into());
            entry.refuse(&change.reason);
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.end_session();
    }
}

/// Tells that a session of an image begins, if that has not been told.
pub(crate) fn session(audit: &Audit, image: &str, limits: &Limits, grants: &Grants) {
    audit.begin_session(image, || map(json!({ "limits": limits, "grants": granted(grants) })));
}

/// What is granted, by name. Never the value of a secret.
fn granted(grants: &Grants) -> Value {
    let secrets: Vec<String> = grants.secrets.iter().map(ToString::to_string).collect();
    let mounts: Vec<String> = grants.mounts.iter().map(ToString::to_string).collect();
    let tools: Vec<&String> = grants.tools.keys().collect();
    let variables = grants.environment.as_ref().map(|variables| variables.0.keys().collect::<Vec<_>>());
    json!({
        "mounts": mounts,
        "net": grants.net.described(),
        "secrets": secrets,
        "tools": tools,
        "environment": variables,
        "seed": grants.seed,
    })
}

/// A run that is going on. One that is dropped before it ends was abandoned.
pub(crate) struct Running {
    audit: Audit,
    ended: Option<Map<String, Value>>,
}

impl Running {
    /// Tells that a run begins.
    pub(crate) fn begin(audit: &Audit, plan: &Plan) -> Self {
        audit.begin_run();
        if crate::audit::is_on() {
            let details = match &plan.answers {
                Some(answers) => json!({ "answers": answers.len() }),
                None => {
                    json!({ "code_bytes": plan.code.len(), "code_hash": blake3::hash(plan.code.as_bytes()).to_string() })
                }
            };
            audit.step(AuditKind::RunBegin, &plan.name, None, map(details));
        }
        Self { audit: audit.clone(), ended: None }
    }

    /// Tells how it ended.
    pub(crate) fn end(mut self, outcome: &Outcome) {
        if !crate::audit::is_on() {
            return;
        }
        let error = outcome.error.as_ref();
        let limit = match outcome.ended {
            Ended::TimeLimit => Some("time"),
            Ended::MemoryLimit => Some("memory"),
            Ended::FuelLimit => Some("fuel"),
            Ended::OutputLimit => Some("output"),
            _ => None,
        };
        if let Some(limit) = limit {
            let reason = error.map_or("", |error| error.message.as_str());
            self.audit.step(AuditKind::Limit, limit, Some(reason), Map::new());
        }
        self.ended = Some(map(json!({
            "ended": outcome.ended,
            "error": error.map(|error| &error.r#type),
            "exit_code": outcome.exit_code,
            "usage": outcome.usage,
        })));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.ended.take();
        self.audit.end_run(|| ended.unwrap_or_else(|| map(json!({ "ended": "abandoned" }))));
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
