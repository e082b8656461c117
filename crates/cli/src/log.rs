//! What the library tells while it runs: what it calls an error, on standard error, since everything else has a result to stand in; and what is
//! done with grants, in the files that were asked for.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use belljar::{AUDIT_TARGET, AuditEvent};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber, subscriber};

use crate::exit::{self, Failure};
use crate::{render, telemetry};

/// The SDK of the protocol calls it an error when a client is gone. Whoever runs a server can do nothing about that, and clients must not fill its log.
const PROTOCOL_TARGET: &str = "rmcp";

/// Where what is done with grants is written down.
static AUDIT: OnceLock<Mutex<Vec<(PathBuf, File)>>> = OnceLock::new();

/// Shows errors from now on.
pub(crate) fn show() {
    // Nobody has set another one: this is the only place.
    let _ = subscriber::set_global_default(Log);
}

/// Writes down what is done with grants from now on.
pub(crate) fn audit_into(files: Vec<(PathBuf, File)>) {
    if !files.is_empty() {
        // A process reads its command line once.
        let _ = AUDIT.set(Mutex::new(files));
    }
}

/// Writes an event as a line. What cannot be written down must not go on: the process ends, and all code with it.
fn write_down(event: &AuditEvent) {
    let Some(files) = AUDIT.get() else { return };
    let written = serde_json::to_string(event).map_err(io::Error::from).map(|line| line + "\n");
    let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
    for (path, file) in files.iter_mut() {
        // One call for each line: lines of several processes do not mix.
        let done = written.as_ref().map_err(|error| io::Error::other(error.to_string()));
        if let Err(error) = done.and_then(|line| file.write_all(line.as_bytes())) {
            let doing = format!("cannot write the audit file {}, so nothing goes on", path.display());
            render::failure(&Failure::system(doing, error));
            std::process::exit(exit::NOT_RUN.into());
        }
    }
}

struct Log;

impl Subscriber for Log {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.target() {
            // Asked each time: files are opened after the first event could have been.
            AUDIT_TARGET => Interest::sometimes(),
            _ if self.enabled(metadata) => Interest::always(),
            _ => Interest::never(),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_audit = metadata.target() == AUDIT_TARGET && (AUDIT.get().is_some() || telemetry::is_wanted());
        let is_known = metadata.target().starts_with(PROTOCOL_TARGET);
        is_audit || *metadata.level() == Level::ERROR && metadata.is_event() && !is_known
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if let Some(event) = AuditEvent::of(event) {
            write_down(&event);
            return if telemetry::is_wanted() {
                telemetry::take(&event)
            };
        }
        let mut line = Line::default();
        event.record(&mut line);
        render::log(&format!("{}{}", line.message, line.fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as text: its message, and its fields behind it.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
