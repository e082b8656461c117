//! `run_python_code`, as MCP Run Python answers it: one text, and never an error of the tool.

use belljar::{Ended, Outcome};
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::run::{Asked, prepared, until_cancelled};
use super::{Called, Caller};
use crate::absent::advice;
use crate::arguments::{Language, Original};
use crate::marked::push_part;
use crate::plain::{Look, plain};
use crate::settings::ReturnForm;
use crate::shown::name_of;

/// Runs it in a session of its own: what one call leaves behind, no other finds.
pub(crate) async fn run(caller: &Caller<'_>, arguments: Original) -> Called {
    let Original { python_code, global_variables } = arguments;
    let jar = caller.shared.jar(caller.owner, Language::Python)?;
    let asked = Asked {
        language: Language::Python,
        name: "main.py",
        code: python_code,
        inputs: global_variables,
        session: None,
        time_ms: None,
        attach: Vec::new(),
    };
    let (feed, token, request) = prepared(caller, &jar, &asked);
    let outcome = until_cancelled(caller, &feed, &token, Box::pin(jar.run(request))).await?;
    let text = answer_of(&outcome, caller.shared.settings.return_form);
    // It says of no result whether it is an error.
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.is_error = None;
    Ok(result)
}

/// The text with which `run_python_code` answers a run that came to this.
#[must_use]
pub fn answer_of(outcome: &Outcome, form: ReturnForm) -> String {
    let output = printed(outcome);
    match (failure(outcome), form) {
        (None, ReturnForm::Xml) => {
            xml("success", &output, value(outcome).map(|value| ("return_value", value)))
        }
        (Some(error), ReturnForm::Xml) => xml("run-error", &output, Some(("error", error))),
        (failure, ReturnForm::Json) => json(output, failure, outcome),
    }
}

fn xml(status: &str, output: &[String], last: Option<(&str, String)>) -> String {
    let mut parts = vec![format!("<status>{status}</status>")];
    if !output.is_empty() {
        push_part(&mut parts, "output", &output.join("\n"));
    }
    if let Some((tag, text)) = last {
        push_part(&mut parts, tag, &text);
    }
    parts.join("\n")
}

fn json(output: Vec<String>, error: Option<String>, outcome: &Outcome) -> String {
    #[derive(Serialize)]
    struct Answer {
        status: &'static str,
        output: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        return_value: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    }
    let status = if error.is_none() { "success" } else { "run-error" };
    let value = error.is_none().then(|| json_of(outcome, Look::Compact).unwrap_or_else(|| "null".to_owned()));
    let return_value = value.and_then(|text| RawValue::from_string(text).ok());
    serde_json::to_string(&Answer { status, output, return_value, error }).unwrap_or_default()
}

/// Both streams as they came, line by line.
fn printed(outcome: &Outcome) -> Vec<String> {
    let text: Vec<u8> = outcome.output.iter().flat_map(|chunk| chunk.text.as_bytes()).copied().collect();
    let text = String::from_utf8_lossy(&text);
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect()
}

/// What the run failed with, if it did: a traceback, or why there is none.
fn failure(outcome: &Outcome) -> Option<String> {
    match outcome.ended {
        Ended::Completed => return None,
        Ended::Exited if outcome.exit_code.unwrap_or_default() == 0 => return None,
        _ => {}
    }
    let advice = advice(outcome, false).map(|advice| advice + "\n").unwrap_or_default();
    let mut text = match &outcome.error {
        Some(error) if !error.traceback.is_empty() => error.traceback.clone(),
        Some(error) => format!("{}: {}", error.r#type, error.message),
        None => match outcome.exit_code {
            Some(code) => format!("SystemExit: {code}"),
            None => format!("the run ended by {}", name_of(outcome.ended).replace('_', " ")),
        },
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(text + &advice)
}

/// The value of the last expression: text as it is, anything else as JSON.
fn value(outcome: &Outcome) -> Option<String> {
    let value = outcome.value.as_ref()?;
    if value.r#type == "NoneType" {
        return None;
    }
    let text = value.json.as_ref().and_then(|json| json.parse::<String>().ok());
    match text {
        Some(text) if value.r#type == "str" => Some(text),
        _ => json_of(outcome, Look::Indented),
    }
}

/// The value as JSON. One without a form in JSON is written as Python shows it.
fn json_of(outcome: &Outcome, look: Look) -> Option<String> {
    let value = outcome.value.as_ref()?;
    let json = value.json.as_ref().and_then(|json| json.parse::<Value>().ok());
    Some(plain(&json.unwrap_or_else(|| Value::from(value.repr.as_str())), look))
}
