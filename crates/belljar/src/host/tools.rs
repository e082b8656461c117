//! Tools: counts a call, checks it against the tool's schema and the operator's conditions, and has it made.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Host;
use super::audit::{Audit, Entry};
use super::meter::Meter;
use super::operations::{Answer, Failure, Field, Waiting, next_field};
use crate::audit::AuditKind;
use crate::error::Error;
use crate::limits::Limits;
use crate::request::ToolAnswer;
use crate::tool::{Check, Done, GrantedTool, TooLong, ToolCall};

/// The largest arguments of a call, in bytes of JSON.
const ARGUMENTS_BYTES_MAX: usize = 1024 * 1024;

/// The deepest nesting of arguments and results.
const DEPTH_MAX: u32 = 100;

/// The most bytes of a tool's own error text.
const ERROR_BYTES_MAX: usize = 4096;

/// Fields of a call.
mod tag {
    pub(super) const NAME: u32 = 1;
    pub(super) const ARGUMENTS: u32 = 2;
}

/// The field of an answer with the result, as JSON.
const RESULT: u32 = 2;

/// The tools of a session, and how often this run has called them.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    granted: Arc<BTreeMap<String, Arc<GrantedTool>>>,
    calls: BTreeMap<String, u64>,
    total: u64,
    total_max: u64,
}

type Refusal = (Failure, String);

impl Tools {
    pub(crate) fn new(granted: Arc<BTreeMap<String, Arc<GrantedTool>>>) -> Self {
        Self { granted, ..Self::default() }
    }

    /// Begins a run: calls are counted anew.
    pub(crate) fn begin_run(&mut self, limits: &Limits) {
        self.calls.clear();
        (self.total, self.total_max) = (0, limits.tool_calls);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// What the guest is told of its tools, as JSON.
    pub(crate) fn described(&self) -> String {
        Value::from_iter(self.granted.values().map(|tool| tool.described())).to_string()
    }

    /// What the meter holds for a call, and the tool if its caller answers it. Nothing for what is no call of a tool that there is.
    pub(crate) fn held_for(&self, request: &[u8]) -> (u64, Option<String>) {
        let tool = read(request).ok().and_then(|(name, _)| self.granted.get(name));
        tool.map_or((0, None), |tool| {
            let is_of_the_caller = tool.tool.work.is_of_the_caller();
            (tool.tool.result_bytes_max, is_of_the_caller.then(|| tool.tool.name.clone()))
        })
    }

    fn count(&mut self, tool: &GrantedTool) -> Result<(), Refusal> {
        let name = &tool.tool.name;
        let calls = self.calls.entry(name.clone()).or_default();
        if self.total >= self.total_max {
            return Err((Failure::Limit, format!("a run may call tools {} times", self.total_max)));
        }
        if *calls >= tool.tool.calls_max {
            return Err((
                Failure::Limit,
                format!("a run may call the tool {name} {} times", tool.tool.calls_max),
            ));
        }
        *calls += 1;
        self.total += 1;
        Ok(())
    }
}

/// Begins a call.
pub(crate) fn begin(tools: &mut Tools, meter: &mut Meter, audit: &Audit, request: &[u8]) -> Answer {
    let mut told = Entry::none();
    let admitted = admit(tools, audit, request, &mut told);
    match admitted.and_then(|(tool, call)| make(meter, &tool, call, &mut told)) {
        Ok(answer) => answer,
        Err((failure, text)) => {
            told.refuse(&text);
            Answer::failed(failure, &text)
        }
    }
}

/// Whether the call may be made: a tool that there is, arguments that fit, calls left.
fn admit(
    tools: &mut Tools,
    audit: &Audit,
    request: &[u8],
    told: &mut Entry,
) -> Result<(Arc<GrantedTool>, ToolCall), Refusal> {
    let read = read(request);
    *told = audit.entry(AuditKind::Tool, || read.as_ref().map_or("", |(name, _)| name).to_owned());
    let (name, arguments) = read.map_err(|text| (Failure::Invalid, text))?;
    told.detail("arguments_bytes", || arguments.len().into());
    told.detail("arguments_hash", || blake3::hash(arguments).to_string().into());
    let Some(tool) = tools.granted.get(name).cloned() else {
        return Err((Failure::Denied, format!("there is no tool {name:?}")));
    };
    tools.count(&tool)?;
    if is_too_deep(arguments) {
        return Err((
            Failure::Limit,
            format!("the arguments of {name} are nested more than {DEPTH_MAX} deep"),
        ));
    }
    let arguments: Value = serde_json::from_slice(arguments)
        .map_err(|error| (Failure::Invalid, format!("the arguments of {name} are not JSON: {error}")))?;
    tool.check_arguments(&arguments)
        .map_err(|text| (Failure::Invalid, format!("the arguments of {name} do not fit: {text}")))?;
    let call = ToolCall { tool: name.to_owned(), arguments };
    for check in &tool.tool.checks {
        if let Check::Quick(check) = check {
            check(&call)
                .map_err(|text| (Failure::Denied, format!("this call of {name} is not allowed: {text}")))?;
        }
    }
    Ok((tool, call))
}

/// Has an admitted call made.
fn make(
    meter: &mut Meter,
    tool: &Arc<GrantedTool>,
    call: ToolCall,
    told: &mut Entry,
) -> Result<Answer, Refusal> {
    let held = tool.tool.result_bytes_max;
    let no_room = |_| (Failure::Limit, format!("there is no memory left for the result of {}", call.tool));
    meter.hold(held).map_err(no_room)?;
    if tool.tool.work.is_of_the_caller() {
        let arguments = call.arguments.to_string();
        told.detail("outcome", || "asked of the caller".into());
        return Ok(Answer::of_the_caller(held, Waiting { tool: call.tool, arguments }));
    }
    let mut told = std::mem::replace(told, Entry::none());
    // What is dropped before it is done was abandoned.
    told.detail("outcome", || "abandoned".into());
    Ok(Answer::working(held, Box::pin(work(Arc::clone(tool), call, told))))
}

/// Asks whoever must approve, and does the work.
async fn work(tool: Arc<GrantedTool>, call: ToolCall, mut told: Entry) -> Field {
    for check in &tool.tool.checks {
        if let Check::Approval(approve) = check
            && !approve(call.clone()).await
        {
            let text = format!("this call of {} was not approved", call.tool);
            told.refuse(&text);
            told.detail("outcome", || "not made".into());
            return Field::error(Failure::Denied, &text);
        }
    }
    let done = match tool.work(call.arguments).await {
        Some(Ok(done)) => done,
        Some(Err(TooLong { ms })) => {
            let text = format!("{} took longer than its {ms} ms", call.tool);
            told.fail(&text);
            told.detail("outcome", || "timed out".into());
            return Field::error(Failure::TimedOut, &text);
        }
        None => Err("it is answered by the caller".to_owned()),
    };
    let done = done.and_then(|json| fits(&tool, json));
    match &done {
        Ok(json) => told.detail("result_bytes", || json.len().into()),
        Err(text) => told.fail(text),
    }
    told.detail("outcome", || if done.is_ok() { "done" } else { "failed" }.into());
    answer(&tool, done)
}

/// A result, if it is what was promised. One that cannot be taken anyway is not read.
fn fits(tool: &GrantedTool, json: String) -> Done {
    let is_taken = json.len() as u64 <= tool.tool.result_bytes_max && !is_too_deep(json.as_bytes());
    if is_taken && tool.tool.checks_result {
        let wrong = |text| format!("the result of {} does not fit its schema: {text}", tool.tool.name);
        tool.check_result(&json).map_err(wrong)?;
    }
    Ok(json)
}

/// Takes what the caller answers, if all of it can be taken.
pub(crate) fn take_answers(host: &mut Host, answers: &[ToolAnswer]) -> Result<(), Error> {
    let mut fields: BTreeMap<u32, Field> = BTreeMap::new();
    for ToolAnswer { id, done } in answers {
        let refused = |reason: String| Error::ToolAnswer { id: *id, reason };
        let waiting = u32::try_from(*id)
            .ok()
            .and_then(|id| host.operations.waiting().find(|(waiting, _)| *waiting == id));
        let (number, waiting) = waiting.ok_or_else(|| refused("no such call waits".to_owned()))?;
        let tool = host.tools.granted.get(&waiting.tool);
        let tool = tool.ok_or_else(|| refused(format!("there is no tool {:?}", waiting.tool)))?;
        if let Ok(json) = done {
            if is_too_deep(json.as_bytes()) {
                return Err(refused(format!("it is nested more than {DEPTH_MAX} deep")));
            }
            tool.check_result(json).map_err(refused)?;
        }
        if fields.insert(number, answer(tool, done.clone())).is_some() {
            return Err(refused("it is answered twice".to_owned()));
        }
    }
    for (id, field) in fields {
        let waiting = host.operations.waiting().find(|(waiting, _)| *waiting == id);
        let tool = waiting.map(|(_, waiting)| waiting.tool.clone()).unwrap_or_default();
        tell_answered(&host.audit, tool);
        host.operations.answer(id, field);
    }
    Ok(())
}

/// Tells that the caller has answered a call.
pub(crate) fn tell_answered(audit: &Audit, tool: String) {
    audit.entry(AuditKind::Tool, || tool).detail("outcome", || "answered by the caller".into());
}

/// What the guest is told of a call that was made.
pub(crate) fn answer(tool: &GrantedTool, done: Done) -> Field {
    let most = tool.tool.result_bytes_max;
    match done {
        Ok(json) if json.len() as u64 > most => {
            let text =
                format!("the result of {} has {} bytes, and may have {most}", tool.tool.name, json.len());
            Field::error(Failure::Limit, &text)
        }
        Ok(json) if is_too_deep(json.as_bytes()) => {
            let text = format!("the result of {} is nested more than {DEPTH_MAX} deep", tool.tool.name);
            Field::error(Failure::Limit, &text)
        }
        Ok(json) => Field { tag: RESULT, bytes: json.into_bytes() },
        Err(text) => {
            let end = text.floor_char_boundary(ERROR_BYTES_MAX);
            Field::error(Failure::Failed, &text[..end])
        }
    }
}

/// Whether JSON is nested deeper than arguments and results may be. Brackets in texts do not count; what is no JSON is found out by who reads it.
fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0u32, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

/// The name and the arguments of a call.
fn read(mut fields: &[u8]) -> Result<(&str, &[u8]), String> {
    let (mut name, mut arguments) = (None, &b"{}"[..]);
    while let Some((tag, bytes, rest)) = next_field(fields)? {
        match tag {
            tag::NAME => name = std::str::from_utf8(bytes).ok(),
            tag::ARGUMENTS if bytes.len() > ARGUMENTS_BYTES_MAX => {
                return Err(format!("the arguments have more than {ARGUMENTS_BYTES_MAX} bytes"));
            }
            tag::ARGUMENTS => arguments = bytes,
            _ => return Err(format!("a call has no field {tag}")),
        }
        fields = rest;
    }
    Ok((name.ok_or("a call needs the name of a tool")?, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_brackets_outside_of_texts() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(100).as_bytes()));
        assert!(is_too_deep(nested(101).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(101).as_bytes()));
        assert!(!is_too_deep(format!("\"{}\"", "[".repeat(500)).as_bytes()));
        assert!(!is_too_deep(format!("\"\\\"{}\"", "[".repeat(500)).as_bytes()));
        assert!(is_too_deep(format!("\"\\\\\"{}", "[".repeat(500)).as_bytes()));
        assert!(!is_too_deep("[]".repeat(500).as_bytes()));
    }
}
