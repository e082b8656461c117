//! Builds the outcome of a run from what the host collected.

use std::time::Duration;

use crate::engine::instance::{Ending, Instance};
use crate::engine::reading::Unread;
use crate::host::operations::{Operations, Waiting};
use crate::host::output::Printed;
use crate::host::report::Report;
use crate::host::stop::Stop;
use crate::host::{Host, shown};
use crate::limits::Limits;
use crate::outcome::{
    Display, Ended, File, FileChange, GuestError, Json, Outcome, Pending, SessionState, Stream, Text, Usage,
    Value,
};

/// How a run ended, and what to say about it when the engine said nothing.
struct Verdict {
    ended: Ended,
    exit_code: Option<i32>,
    error: Option<GuestError>,
}

/// The outcome of the run that has just left `instance`.
pub(crate) fn outcome(instance: &mut Instance, ending: Ending, limits: &Limits) -> Outcome {
    let wall = instance.deadline().wall_used();
    let cpu = instance.deadline().cpu_used();
    let fuel = limits.fuel.map(|given| match ending {
        Ending::NotEntered(_) => 0,
        _ => given.saturating_sub(instance.fuel().unwrap_or(given)),
    });
    of_host(instance.host(), ending, limits, (wall, cpu, fuel))
}

/// The same, from the host's side alone and the time and fuel that were used.
pub(crate) fn of_host(
    host: &mut Host,
    ending: Ending,
    limits: &Limits,
    (wall, cpu, fuel): (Duration, Duration, Option<u64>),
) -> Outcome {
    let mut report = host.report.take(&mut host.meter, limits);
    if let Some(secrets) = &host.secrets {
        report.scrub(secrets);
    }
    let Printed { chunks, truncated, bytes } = host.output.finish(&mut host.meter);
    let session = if ending.is_intact() { SessionState::Kept } else { SessionState::Closed };
    let verdict = judge(ending, &mut report, host.meter.refused_memory(), limits);
    let usage = Usage {
        wall_ms: wall.as_secs_f64() * 1000.0,
        cpu_ms: cpu.as_secs_f64() * 1000.0,
        fuel,
        peak_memory_bytes: host.meter.peak_bytes(),
        output_bytes: bytes,
        host_calls: host.meter.calls(),
    };
    let files = host.files.outputs().into_iter();
    let files = files.map(|file| File { path: without_secrets(host, file.path), ..file }).collect();
    let changes = host.files.changes_listed().into_iter();
    let changes =
        changes.map(|change| FileChange { path: without_secrets(host, change.path), ..change }).collect();
    let pending = if verdict.ended == Ended::Suspended { pending(&host.operations) } else { Vec::new() };
    Outcome {
        ended: verdict.ended,
        stdout: Text::of_stream(&chunks, Stream::Stdout),
        stderr: Text::of_stream(&chunks, Stream::Stderr),
        output: chunks,
        value: value(&mut report),
        displays: report.displays.iter().filter_map(|bytes| display(bytes)).collect(),
        error: verdict.error,
        exit_code: verdict.exit_code,
        truncated,
        files,
        changes,
        pending,
        session,
        usage,
    }
}

/// The one place where the ways to end become the endings that callers see.
fn judge(ending: Ending, report: &mut Report, refused_memory: bool, limits: &Limits) -> Verdict {
    let out_of_memory = report.memory_error && refused_memory;
    let reported = reported_error(report);
    match ending {
        Ending::Served(Some(reason)) | Ending::Stopped(reason) => stopped(reason, reported, limits),
        Ending::Served(None) => match (report.exit_code, reported) {
            (Some(code), _) => Verdict { ended: Ended::Exited, exit_code: Some(code), error: None },
            (None, Some(error)) if out_of_memory => {
                let message = format!("the session used up its memory of {} bytes", limits.memory_bytes);
                Verdict {
                    ended: Ended::MemoryLimit,
                    exit_code: None,
                    error: Some(GuestError { message, ..error }),
                }
            }
            (None, Some(error)) => Verdict { ended: Ended::Raised, exit_code: None, error: Some(error) },
            (None, None) if report.suspended => {
                Verdict { ended: Ended::Suspended, exit_code: None, error: None }
            }
            (None, None) => Verdict { ended: Ended::Completed, exit_code: None, error: None },
        },
        Ending::OutOfFuel => {
            let fuel = limits.fuel.unwrap_or_default();
            limit(Ended::FuelLimit, "FuelLimit", format!("the run used up its fuel of {fuel}"), reported)
        }
        Ending::StackOverflow => {
            let text = "the run used up its stack: it recursed too deep".to_owned();
            limit(Ended::MemoryLimit, "StackOverflow", text, reported)
        }
        Ending::NotEntered(reason) => unread(reason, limits),
        Ending::Broken(reason) => {
            tracing::error!(reason, "an engine failed");
            limit(Ended::Crashed, "EngineFailure", "the engine failed; the session is lost".to_owned(), None)
        }
    }
}

fn stopped(reason: Stop, reported: Option<GuestError>, limits: &Limits) -> Verdict {
    match reason {
        Stop::Exit(code) => Verdict { ended: Ended::Exited, exit_code: Some(code), error: None },
        Stop::WallTime => {
            let text = format!("the run took longer than {} ms", limits.time_ms);
            limit(Ended::TimeLimit, "TimeLimit", text, reported)
        }
        Stop::CpuTime => {
            let text = format!("the run used more than {} ms of CPU time", limits.cpu_ms);
            limit(Ended::TimeLimit, "TimeLimit", text, reported)
        }
        Stop::HostCalls => {
            let text = format!("the run called the host more than {} times", limits.host_calls);
            limit(Ended::FuelLimit, "HostCallLimit", text, reported)
        }
        Stop::Output => {
            let text = format!("the run printed more than {} bytes", limits.output_bytes);
            limit(Ended::OutputLimit, "OutputLimit", text, reported)
        }
        Stop::NoMemory => {
            let text = format!("the request does not fit into {} bytes of memory", limits.memory_bytes);
            limit(Ended::MemoryLimit, "MemoryLimit", text, reported)
        }
        Stop::Cancelled => limit(Ended::Cancelled, "Cancelled", "the run was cancelled".to_owned(), reported),
        Stop::Fault(text) => {
            tracing::error!(reason = text, "an engine failed");
            limit(Ended::Crashed, "EngineFailure", "the engine failed; the session is lost".to_owned(), None)
        }
        Stop::Throw => {
            limit(Ended::Crashed, "EngineFailure", "the engine failed; the session is lost".to_owned(), None)
        }
    }
}

/// Code that is wrong has raised its error, as code that the engine cannot read has; the rest is said of what reads it.
fn unread(reason: Unread, limits: &Limits) -> Verdict {
    match reason {
        Unread::Wrong(error) => Verdict { ended: Ended::Raised, exit_code: None, error: Some(error) },
        Unread::Stopped(reason) => stopped(reason, None, limits),
        Unread::Broken(reason) => {
            tracing::error!(reason, "the parser of TypeScript failed");
            let text = "the parser of TypeScript failed; the code was not run".to_owned();
            limit(Ended::Crashed, "EngineFailure", text, None)
        }
    }
}

/// A limit speaks in our words; where the engine knew, its traceback says where the code was.
fn limit(ended: Ended, name: &str, message: String, reported: Option<GuestError>) -> Verdict {
    let (traceback, line) = reported.map_or((String::new(), None), |error| (error.traceback, error.line));
    let error = GuestError { r#type: name.to_owned(), message, traceback, line };
    Verdict { ended, exit_code: None, error: Some(error) }
}

fn reported_error(report: &mut Report) -> Option<GuestError> {
    let name = report.error_type.take()?;
    Some(GuestError {
        r#type: lossy(name),
        message: lossy(report.error_message.take().unwrap_or_default()),
        traceback: lossy(report.error_traceback.take().unwrap_or_default()),
        line: report.error_line,
    })
}

fn value(report: &mut Report) -> Option<Value> {
    let repr = lossy(report.value_repr.take()?);
    // What is not JSON after all is left out: the guest may have cut it, or forged it.
    let json = report
        .value_json
        .take()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| Json::new(text).ok());
    Some(Value { json, repr, r#type: lossy(report.value_type.take().unwrap_or_default()) })
}

fn pending(operations: &Operations) -> Vec<Pending> {
    let pending = |(id, waiting): (u32, &Waiting)| {
        let arguments = Json::new(waiting.arguments.clone()).ok()?;
        Some(Pending { id: id.into(), tool: waiting.tool.clone(), arguments })
    };
    operations.waiting().filter_map(pending).collect()
}

fn display(bytes: &[u8]) -> Option<Display> {
    let split = bytes.iter().position(|byte| *byte == 0)?;
    let mime = String::from_utf8_lossy(&bytes[..split]).into_owned();
    Some(Display { mime, data: String::from_utf8_lossy(&bytes[split + 1..]).into_owned() })
}

fn without_secrets(host: &Host, text: String) -> String {
    shown(host.secrets.as_ref(), text)
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
