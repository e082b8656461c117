//! What the library logs of the ends of workers: why it ended them itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, subscriber};

/// How often workers were ended for each reason.
static REASONS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Counts reasons from now on.
pub(super) fn keep() -> Result<()> {
    subscriber::set_global_default(Log).context("the log is somebody else's")
}

/// The reasons so far, in words.
pub(super) fn reasons() -> String {
    let reasons = REASONS.lock().unwrap_or_else(PoisonError::into_inner);
    let words: Vec<String> = reasons.iter().map(|(why, count)| format!("{why} ({count})")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

struct Log;

/// The field that says why.
struct Why(Option<String>);

impl Visit for Why {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "why" {
            self.0 = Some(value.to_owned());
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut why = Why(None);
        event.record(&mut why);
        if let Some(why) = why.0 {
            *REASONS.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
