//! OpenTelemetry: sessions and runs as spans, and every audit event as a log record, sent over OTLP (HTTP, protobuf) where the usual variables say so.
//!
//! Nothing is made before the first event, and nothing where the variables are absent. What cannot be sent never stops or fails a run: it is told
//! once, and waiting for it has an end.

mod http;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use belljar::{AuditEvent, AuditKind, Decision};
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::trace::{SpanBuilder, Status, TraceContextExt, TraceFlags, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{LogExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use serde_json::Value;

use crate::render;
use http::Client;

/// How long the end of the program waits for what is still to be sent, spans and log records each.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// The name of what makes the spans.
const SCOPE: &str = "belljar";

/// The variables that say where to.
const ENDPOINTS: [&str; 3] =
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

/// What is sent, and where to. None until the first event, and where it cannot be made.
static TELEMETRY: OnceLock<Option<Telemetry>> = OnceLock::new();

/// Whether the variables of this process ask for it.
static WANTED: OnceLock<bool> = OnceLock::new();

/// Whether the variables of this process ask for it: an endpoint is named, and nothing switches it off.
pub(crate) fn is_wanted() -> bool {
    *WANTED.get_or_init(|| {
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        !is_off && ENDPOINTS.into_iter().any(|name| variable(name).is_some())
    })
}

/// Events that are taken before the process has its jail, in which threads are started that speak with others. None once they need not wait.
static HELD: Mutex<Option<Vec<AuditEvent>>> = Mutex::new(None);

/// Takes an event.
pub(crate) fn take(event: &AuditEvent) {
    if let Some(held) = &mut *held() {
        return held.push(event.clone());
    }
    pass_on(event);
}

/// From now on, events wait until they are let go. There are few before code runs.
pub(crate) fn hold() {
    *held() = is_wanted().then(Vec::new);
    if is_wanted() {
        // What it reads cannot be read later.
        let _ = client();
    }
}

/// Lets events go.
pub(crate) fn release() {
    let events = held().take();
    events.iter().flatten().for_each(pass_on);
}

fn held() -> MutexGuard<'static, Option<Vec<AuditEvent>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The ports of those who are spoken with. None where nobody is.
pub(crate) fn ports() -> Vec<u16> {
    if !is_wanted() {
        return Vec::new();
    }
    let places = ENDPOINTS.into_iter().filter_map(variable);
    places.filter_map(|place| http::port(&place.parse().ok()?)).collect()
}

fn pass_on(event: &AuditEvent) {
    if let Some(telemetry) = TELEMETRY.get_or_init(|| Telemetry::new().map_err(|error| complain(&error)).ok())
    {
        telemetry.take(event);
    }
}

/// Sends what there still is, for a bounded time.
pub(crate) fn finish() {
    release();
    if let Some(Some(telemetry)) = TELEMETRY.get() {
        telemetry.finish();
    }
}

/// Tells that something cannot be sent; once, since it is most often the same again.
fn complain(error: &str) {
    static TOLD: OnceLock<()> = OnceLock::new();
    TOLD.get_or_init(|| render::note(&format!("telemetry is not sent: {error}")));
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The client, made at the first call.
fn client() -> Result<Arc<Client>, String> {
    static CLIENT: OnceLock<Result<Arc<Client>, String>> = OnceLock::new();
    CLIENT.get_or_init(|| Client::new().map(Arc::new)).clone()
}

struct Telemetry {
    client: Arc<Client>,
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
    tracer: SdkTracer,
    logger: SdkLogger,
    /// Open spans of each session: its own, and that of its run.
    open: Mutex<HashMap<String, Vec<Context>>>,
}

impl Telemetry {
    fn new() -> Result<Self, String> {
        check_protocol()?;
        let client = client()?;
        let spans = SpanExporter::builder().with_http().with_shared_http_client(client.clone()).build();
        let records = LogExporter::builder().with_http().with_shared_http_client(client.clone()).build();
        let resource = resource();
        let traces = SdkTracerProvider::builder().with_resource(resource.clone());
        let traces = traces.with_batch_exporter(spans.map_err(|error| error.to_string())?).build();
        let logs = SdkLoggerProvider::builder().with_resource(resource);
        let logs = logs.with_batch_exporter(records.map_err(|error| error.to_string())?).build();
        let (tracer, logger) = (traces.tracer(SCOPE), logs.logger(SCOPE));
        Ok(Self { client, traces, logs, tracer, logger, open: Mutex::default() })
    }

    fn take(&self, event: &AuditEvent) {
        let context = match event.kind {
            AuditKind::SessionBegin => self.begin(event, "session", &event.target),
            AuditKind::RunBegin if event.decision == Decision::Allowed => {
                self.begin(event, "run", &event.target)
            }
            _ => self.context(event),
        };
        self.record(event, context.as_ref());
        if matches!(event.kind, AuditKind::RunEnd | AuditKind::SessionEnd) {
            self.end(event);
        }
    }

    /// Opens a span below the one that is open, if one is.
    fn begin(&self, event: &AuditEvent, name: &'static str, target: &str) -> Option<Context> {
        let session = event.session.as_ref()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = open.entry(session.clone()).or_default();
        let parent = spans.last().cloned().unwrap_or_default();
        let attributes = [("belljar.session", session.as_str()), ("belljar.target", target)];
        let attributes = attributes.map(|(key, value)| KeyValue::new(key, value.to_owned()));
        let builder = SpanBuilder::from_name(name).with_attributes(attributes);
        let span = self.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        spans.push(context.clone());
        Some(context)
    }

    fn context(&self, event: &AuditEvent) -> Option<Context> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(event.session.as_ref()?)?.last().cloned()
    }

    /// Closes the span that was opened last.
    fn end(&self, event: &AuditEvent) {
        let Some(session) = &event.session else { return };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(context) = open.get_mut(session).and_then(Vec::pop) else { return };
        if open.get(session).is_some_and(Vec::is_empty) {
            open.remove(session);
        }
        let span = context.span();
        if let Some(ended) = event.details.get("ended").and_then(Value::as_str) {
            span.set_attribute(KeyValue::new("belljar.ended", ended.to_owned()));
            let usage = event.details.get("usage").and_then(Value::as_object).into_iter().flatten();
            for (name, value) in usage {
                if let Some(number) = value.as_f64() {
                    span.set_attribute(KeyValue::new(format!("belljar.usage.{name}"), number));
                }
            }
            if !["completed", "exited", "suspended"].contains(&ended) {
                span.set_status(Status::error(ended.to_owned()));
            }
        }
        span.end();
    }

    fn record(&self, event: &AuditEvent, context: Option<&Context>) {
        let mut record = self.logger.create_log_record();
        let refused = event.decision == Decision::Refused;
        let (severity, text) = if refused { (Severity::Warn, "WARN") } else { (Severity::Info, "INFO") };
        record.set_severity_number(severity);
        record.set_severity_text(text);
        record.set_target(belljar::AUDIT_TARGET);
        record.set_timestamp(SystemTime::now());
        let fields = serde_json::to_value(event).unwrap_or_default();
        for (name, value) in fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            record.add_attribute(format!("belljar.{name}"), any_value(value));
        }
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
        let decision = if refused { "refused" } else { "allowed" };
        record.set_body(AnyValue::from(format!("{kind} {decision}: {}", event.target)));
        if let Some(span) = context.map(|context| context.span().span_context().clone()) {
            record.set_trace_context(span.trace_id(), span.span_id(), Some(TraceFlags::SAMPLED));
        }
        self.logger.emit(record);
    }

    fn finish(&self) {
        let sent =
            [self.traces.shutdown_with_timeout(FLUSH_TIME), self.logs.shutdown_with_timeout(FLUSH_TIME)];
        let late = sent.into_iter().find_map(Result::err).map(|error| error.to_string());
        if let Some(error) = self.client.failure().or(late) {
            complain(&error);
        }
    }
}

/// Who sends: what the variables say, and this program where they say nothing.
fn resource() -> Resource {
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|list| list.contains("service.name="));
    let builder = Resource::builder();
    if named { builder.build() } else { builder.with_service_name("belljar").build() }
}

/// Only one protocol is spoken.
fn check_protocol() -> Result<(), String> {
    match variable("OTEL_EXPORTER_OTLP_PROTOCOL") {
        Some(other) if other != "http/protobuf" => {
            Err(format!("OTEL_EXPORTER_OTLP_PROTOCOL is {other}, and only http/protobuf is spoken"))
        }
        _ => Ok(()),
    }
}

fn any_value(value: &Value) -> AnyValue {
    match value {
        Value::String(text) => AnyValue::from(text.clone()),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), AnyValue::from)
        }
        other => AnyValue::from(other.to_string()),
    }
}
