//! What is attacked: this program, as it is run, or another sandbox through an adapter (`attacks/README.md`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use belljar::{Error, Limits};
use belljar_corpus::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::case::Case;
use crate::exit::Failure;

/// A sandbox.
pub(super) enum Sandbox {
    /// This program: `belljar run --jsonl`.
    Belljar(PathBuf),
    /// A program that speaks the protocol of adapters, and its arguments.
    Other(String, Vec<String>),
}

/// How an adapter says that code ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    Completed,
    Raised,
    Exited,
    TimeLimit,
    MemoryLimit,
    FuelLimit,
    OutputLimit,
    Cancelled,
    Suspended,
    Crashed,
    /// It was not run: the sandbox does not speak this language.
    Unsupported,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) id: &'a str,
    pub(super) engine: &'a str,
    pub(super) name: &'a str,
    pub(super) code: &'a str,
    pub(super) limits: &'a Limits,
    /// The same limits, as far as they differ from the defaults, as JSON.
    pub(super) lowered: &'a str,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) ended: Ended,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// The value as text.
    pub(super) value: String,
    pub(super) error: String,
    /// All of it, where it is our own.
    pub(super) outcome: Option<Outcome>,
    /// Name and version, where it says so.
    pub(super) sandbox: Option<String>,
}

/// An ask, as an adapter reads it.
#[derive(Serialize)]
struct AdapterAsk<'a> {
    id: &'a str,
    language: &'a str,
    code: &'a str,
    limits: AdapterLimits,
}

#[derive(Serialize)]
struct AdapterLimits {
    time_ms: u64,
    memory_bytes: u64,
    output_bytes: u64,
}

/// An answer, as an adapter writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdapterAnswer {
    id: String,
    ended: Ended,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    sandbox: Option<String>,
}

/// A request of ours (`docs/jsonl.md`).
#[derive(Serialize)]
struct OwnAsk<'a> {
    id: &'a str,
    op: &'static str,
    engine: &'a str,
    name: &'a str,
    code: &'a str,
    limits: &'a RawValue,
}

#[derive(Deserialize)]
struct OwnAnswer {
    id: String,
    outcome: Option<Outcome>,
    error: Option<OwnError>,
}

#[derive(Deserialize)]
struct OwnError {
    message: String,
}

impl Sandbox {
    /// This program, or what is named.
    pub(super) fn new(against: Option<&str>) -> Result<Self, Failure> {
        let Some(against) = against else {
            let program = std::env::current_exe();
            return program
                .map(Self::Belljar)
                .map_err(|error| Failure::system("cannot find this program", error));
        };
        let mut words = against.split_whitespace().map(str::to_owned);
        let hint = "name a program that speaks the protocol of attacks/README.md, with its arguments";
        let program = words.next().ok_or_else(|| Failure::usage("--against names nothing", hint))?;
        Ok(Self::Other(program, words.collect()))
    }

    pub(super) fn is_belljar(&self) -> bool {
        matches!(self, Self::Belljar(_))
    }

    /// The command that starts it, ready for a case. What it has to read is left in `place`.
    pub(super) fn command(&self, case: &Case, place: &Path) -> Result<Command, Failure> {
        match self {
            Self::Belljar(program) => {
                let path = place.join("policy.toml");
                let doing = || format!("cannot write {}", path.display());
                fs::write(&path, policy(&case.limits)?).map_err(|error| Failure::system(doing(), error))?;
                let mut command = Command::new(program);
                command.args(["run", "--jsonl", "--policy"]).arg(path);
                // The limits of the cases are what is tried, not those of an operator.
                command.env_remove("BELLJAR_POLICY");
                Ok(command)
            }
            Self::Other(program, arguments) => {
                let mut command = Command::new(program);
                command.args(arguments);
                Ok(command)
            }
        }
    }

    /// An ask as one line.
    pub(super) fn line(&self, ask: &Ask) -> Result<String, serde_json::Error> {
        let Ask { id, code, .. } = *ask;
        match self {
            Self::Belljar(_) => {
                let limits = serde_json::from_str::<&RawValue>(ask.lowered)?;
                let (engine, name) = (ask.engine, ask.name);
                serde_json::to_string(&OwnAsk { id, op: "run", engine, name, code, limits })
            }
            Self::Other(..) => {
                let Limits { time_ms, memory_bytes, output_bytes, .. } = *ask.limits;
                let limits = AdapterLimits { time_ms, memory_bytes, output_bytes };
                serde_json::to_string(&AdapterAsk { id, language: ask.engine, code, limits })
            }
        }
    }

    /// What an answer says, or what is wrong with it.
    pub(super) fn read(&self, line: &str, id: &str) -> Result<Answer, String> {
        let nonsense = |error: serde_json::Error| format!("answered what is no answer: {error}");
        let (answered, answer) = match self {
            Self::Belljar(_) => own(serde_json::from_str(line).map_err(nonsense)?)?,
            Self::Other(..) => {
                let answer: AdapterAnswer = serde_json::from_str(line).map_err(nonsense)?;
                let AdapterAnswer { id, ended, stdout, stderr, value, error, sandbox } = answer;
                let (value, error) = (value.unwrap_or_default(), error.unwrap_or_default());
                (id, Answer { ended, stdout, stderr, value, error, outcome: None, sandbox })
            }
        };
        // Nobody can guess an id, so no code can print an answer.
        if answered == id { Ok(answer) } else { Err("answered what was not asked".to_owned()) }
    }
}

/// A policy whose limits let a case have its own, and a plain program the usual ones where a run may have its own.
fn policy(limits: &Limits) -> Result<String, Failure> {
    let usual = Limits::default();
    let most = Limits {
        time_ms: limits.time_ms.max(usual.time_ms),
        cpu_ms: limits.cpu_ms.max(usual.cpu_ms),
        memory_bytes: limits.memory_bytes.max(usual.memory_bytes),
        output_bytes: limits.output_bytes.max(usual.output_bytes),
        on_output_limit: usual.on_output_limit,
        ..limits.clone()
    };
    let limits = serde_json::to_value(&most).map_err(|error| Error::Internal(error.to_string()))?;
    let mut text = String::from("[limits]\n");
    for (name, value) in limits.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        text += &format!("{name} = {value}\n");
    }
    Ok(text)
}

fn own(answer: OwnAnswer) -> Result<(String, Answer), String> {
    let mut outcome = match (answer.outcome, answer.error) {
        (Some(outcome), _) => outcome,
        (None, Some(error)) => return Err(format!("refused to run it: {}", error.message)),
        (None, None) => return Err("answered neither an outcome nor an error".to_owned()),
    };
    let id = answer.id;
    // A run of this surface has a session that goes back, where one by itself has none any more.
    if outcome.session == "rolled_back" {
        outcome.session = "closed".to_owned();
    }
    let ended = serde_json::from_value(outcome.ended.clone().into());
    let error = outcome.error.as_ref();
    let error = error.map(|error| format!("{}: {}\n{}", error.r#type, error.message, error.traceback));
    let answer = Answer {
        ended: ended.map_err(|_| format!("ended in a way that is not known: {}", outcome.ended))?,
        stdout: outcome.stdout.clone(),
        stderr: outcome.stderr.clone(),
        value: outcome.value.as_ref().map(|value| value.repr.clone()).unwrap_or_default(),
        error: error.unwrap_or_default(),
        outcome: Some(outcome),
        sandbox: Some(format!("belljar {}", env!("CARGO_PKG_VERSION"))),
    };
    Ok((id, answer))
}
