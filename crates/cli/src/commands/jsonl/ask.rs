//! Requests: JSON in, typed requests out, and nothing that is misspelt.

use std::collections::BTreeMap;

use belljar::{Limits, ToolAnswer};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::id::{ID_BYTES_MAX, Id};
use super::refusal::Refusal;

/// The longest name of a session.
const NAME_BYTES_MAX: usize = 200;

/// A request.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) id: Id,
    pub(crate) verb: Verb,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Verb {
    Run(Box<Run>),
    Complete { session: String, code: String, cursor: Option<usize> },
    Check { session: Option<String>, engine: Option<String>, code: String },
    Diff { session: String, path: String },
    Resume(Box<Resume>),
    Save { session: String },
    Restore { session: String, engine: Option<String>, snapshot: String },
    Fork { session: String, into: Vec<String> },
    Cancel { run: Id },
    Close { session: String },
}

#[derive(Deserialize)]
struct Head {
    id: Option<Box<RawValue>>,
    op: Option<String>,
}

/// `{"op": "run"}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    pub(crate) code: String,
    pub(crate) session: Option<String>,
    pub(crate) engine: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) inputs: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) stdin: Option<String>,
    pub(crate) limits: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) stream: bool,
}

/// `{"op": "resume"}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resume {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    pub(crate) session: String,
    pub(crate) answers: Vec<Answered>,
    pub(crate) limits: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) stream: bool,
}

/// The answer to one call: a value, or an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    id: u64,
    value: Option<Box<RawValue>>,
    error: Option<String>,
}

impl Answered {
    /// The answer, if it is one.
    pub(crate) fn read(self) -> Result<ToolAnswer, Refusal> {
        match (self.value, self.error) {
            (Some(value), None) => Ok(ToolAnswer::value(self.id, value.get())),
            (None, Some(text)) => Ok(ToolAnswer::error(self.id, text)),
            _ => Err(Refusal::caller(
                format!("the answer to call {} is not one of value and error", self.id),
                "answer with {\"id\": 1, \"value\": ...} or {\"id\": 1, \"error\": \"...\"}",
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Save {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
    engine: Option<String>,
    snapshot: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fork {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
    into: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Complete {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
    code: String,
    cursor: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: Option<String>,
    engine: Option<String>,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diff {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    run: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "op")]
    _op: IgnoredAny,
    session: String,
}

/// The request of a line; none when the line is empty.
pub(crate) fn parse(line: &str) -> Result<Option<Ask>, Refusal> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let head: Head = json(line)?;
    let Some(raw) = head.id else {
        return Err(Refusal::caller(
            "the request has no id",
            "give every request an id of its own, for example \"id\": 1",
        ));
    };
    let id = id(raw)?;
    match verb(head.op.as_deref(), line) {
        Ok(verb) => Ok(Some(Ask { id, verb })),
        Err(refusal) => Err(Refusal { id: Some(id), ..refusal }),
    }
}

fn id(raw: Box<RawValue>) -> Result<Id, Refusal> {
    let hint = "give every request an id of its own, for example \"id\": 1";
    let wrong =
        || Refusal::caller(format!("an id is a number or a string of at most {ID_BYTES_MAX} bytes"), hint);
    Id::new(raw).ok_or_else(wrong)
}

fn verb(op: Option<&str>, line: &str) -> Result<Verb, Refusal> {
    let verb = match op {
        Some("run") => Verb::Run(json(line)?),
        Some("complete") => {
            let Complete { session, code, cursor, .. } = json(line)?;
            Verb::Complete { session, code, cursor }
        }
        Some("check") => {
            let Check { session, engine, code, .. } = json(line)?;
            Verb::Check { session, engine, code }
        }
        Some("diff") => {
            let Diff { session, path, .. } = json(line)?;
            Verb::Diff { session, path: path.unwrap_or_else(|| "/".to_owned()) }
        }
        Some("resume") => Verb::Resume(json(line)?),
        Some("save") => Verb::Save { session: json::<Save>(line)?.session },
        Some("restore") => {
            let Restore { session, engine, snapshot, .. } = json(line)?;
            Verb::Restore { session, engine, snapshot }
        }
        Some("fork") => {
            let Fork { session, into, .. } = json(line)?;
            Verb::Fork { session, into }
        }
        Some("cancel") => Verb::Cancel { run: id(json::<Cancel>(line)?.run)? },
        Some("close") => Verb::Close { session: json::<Close>(line)?.session },
        Some(other) => {
            return Err(Refusal::caller(format!("there is no op {other:?}"), OPS));
        }
        None => return Err(Refusal::caller("the request has no op", OPS)),
    };
    if names(&verb).iter().any(|name| name.is_empty() || name.len() > NAME_BYTES_MAX) {
        let message = format!("the name of a session has 1 to {NAME_BYTES_MAX} bytes");
        return Err(Refusal::caller(message, "give it a shorter name, or leave `session` out"));
    }
    Ok(verb)
}

/// The sessions that a request names.
fn names(verb: &Verb) -> Vec<&str> {
    match verb {
        Verb::Run(run) => run.session.iter().map(String::as_str).collect(),
        Verb::Check { session, .. } => session.iter().map(String::as_str).collect(),
        Verb::Resume(resume) => vec![&resume.session],
        Verb::Complete { session, .. }
        | Verb::Diff { session, .. }
        | Verb::Save { session }
        | Verb::Restore { session, .. }
        | Verb::Close { session } => vec![session],
        Verb::Fork { session, into } => into.iter().chain([session]).map(String::as_str).collect(),
        Verb::Cancel { .. } => Vec::new(),
    }
}

const OPS: &str = "op is run, resume, complete, check, diff, save, restore, fork, cancel or close";

fn json<T: DeserializeOwned>(line: &str) -> Result<T, Refusal> {
    let hint = "write one JSON object on one line; docs/jsonl.md lists the fields";
    serde_json::from_str(line).map_err(|error| Refusal::caller(error.to_string(), hint))
}

/// The limits of a run: those that the request names, and the jar's where it names none.
pub(crate) fn narrowed(allowed: &Limits, asked: Map<String, Value>) -> Result<Limits, Refusal> {
    allowed
        .with(asked)
        .map_err(|error| Refusal::caller(format!("limits: {error}"), "a request can only lower limits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Refusal {
        parse(line).expect_err("this must be refused")
    }

    #[test]
    fn a_request_is_read() {
        let ask =
            parse(r#"{"id": "a", "op": "run", "code": "1", "inputs": {"n": [1, 2]}}"#).unwrap().unwrap();
        assert_eq!(ask.id.get(), "\"a\"");
        let Verb::Run(run) = ask.verb else { panic!("this is a run") };
        assert_eq!(run.inputs["n"].get(), "[1, 2]");
    }

    #[test]
    fn what_is_misspelt_is_refused_with_the_id() {
        let refused = refusal(r#"{"id": 7, "op": "run", "code": "1", "sesion": "a"}"#);
        assert_eq!(refused.id.unwrap().get(), "7");
        assert!(
            refused.message.starts_with("unknown field `sesion`, expected one of"),
            "{}",
            refused.message
        );
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for line in [
            "{",
            "[]",
            "1",
            "{\"id\":1}",
            "{\"op\":\"run\"}",
            "{\"id\":[],\"op\":\"run\"}",
            "{\"id\":1,\"op\":\"x\"}",
        ] {
            refusal(line);
        }
        assert!(parse("  ").unwrap().is_none());
    }

    #[test]
    fn limits_that_are_not_named_stay_as_they_are() {
        let allowed = Limits { time_ms: 50, ..Limits::default() };
        let asked = |json: &str| narrowed(&allowed, serde_json::from_str(json).unwrap());
        assert_eq!(asked(r#"{"output_bytes": 9}"#).unwrap(), Limits { output_bytes: 9, ..allowed.clone() });
        assert!(asked(r#"{"time": 9}"#).unwrap_err().message.contains("unknown field `time`"));
    }
}
