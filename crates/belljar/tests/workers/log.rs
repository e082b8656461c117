//! What the library logs: kept for tests that look into it, and shown on standard error when `BELLJAR_LOG` is set.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use belljar::AuditEvent;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, subscriber};

use crate::shared::until;

/// Warnings and errors.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The audit.
static AUDIT: Mutex<Vec<AuditEvent>> = Mutex::new(Vec::new());

/// Keeps warnings, errors and the audit from now on.
pub(crate) fn keep() {
    subscriber::set_global_default(Log { is_shown: std::env::var_os("BELLJAR_LOG").is_some() }).unwrap();
}

/// The lines in which something stands.
pub(crate) fn lines_with(text: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.contains(text)).cloned().collect()
}

/// The only line in which something stands, which may be about to be written.
#[track_caller]
pub(crate) fn line_with(text: &str) -> String {
    until(Duration::from_secs(5), || !lines_with(text).is_empty());
    let mut lines = lines_with(text);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

/// What the audit says of a session.
pub(crate) fn audit_of(session: &str) -> Vec<AuditEvent> {
    let events = AUDIT.lock().unwrap_or_else(PoisonError::into_inner);
    events.iter().filter(|event| event.session.as_deref() == Some(session)).cloned().collect()
}

struct Log {
    is_shown: bool,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN || metadata.target() == belljar::AUDIT_TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == belljar::AUDIT_TARGET {
            let event = AuditEvent::of(event).unwrap();
            return AUDIT.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0 += &format!(" {field}={value:?}");
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        let line = format!("{}:{}", event.metadata().level(), line.0);
        if self.is_shown {
            eprintln!("{line}");
        }
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
