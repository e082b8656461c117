//! Tools on the command line: declared in files, answered by whoever runs the program, in a later call of it if need be.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use belljar::{Grants, Outcome, Tool, ToolAnswer};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::Failure;
use crate::render;

/// The most bytes that are read of a file with tools.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const USAGE: &str = "a tool is {\"name\": ..., \"about\": ..., \"parameters\": {\"type\": \"object\", ...}}; a file has one, or a list";

/// Which tools the code may call, and the answers to calls that a run waits for.
#[derive(Args, Clone, Debug)]
pub(crate) struct ToolArgs {
    /// Let the code call the tools in this file (JSON), which you answer: the run is suspended while it waits for that
    #[arg(long, value_name = "FILE", help_heading = "Tools")]
    tool: Vec<PathBuf>,
    /// Go on with a suspended run: the call with this number gives this value
    #[arg(long, value_name = "ID=JSON", help_heading = "Tools", requires = "resume", allow_hyphen_values = true, conflicts_with_all = ["env", "input", "stdin", "arguments"])]
    answer: Vec<String>,
    /// Go on with a suspended run: the call with this number fails with this text
    #[arg(long, value_name = "ID=TEXT", help_heading = "Tools", requires = "resume", allow_hyphen_values = true, conflicts_with_all = ["env", "input", "stdin", "arguments"])]
    answer_error: Vec<String>,
}

/// A tool as a file declares it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: String,
    about: Option<String>,
    parameters: Option<Value>,
    returns: Option<Value>,
    calls_max: Option<u64>,
    result_bytes_max: Option<u64>,
}

impl ToolArgs {
    /// These grants, and the tools.
    pub(crate) fn add_to(&self, mut grants: Grants) -> Result<Grants, Failure> {
        for path in &self.tool {
            for tool in read(path)? {
                grants = grants.tool(tool.into())?;
            }
        }
        Ok(grants)
    }

    /// The answers that were given. None when code is to be run.
    pub(crate) fn answers(&self) -> Result<Option<Vec<ToolAnswer>>, Failure> {
        if self.answer.is_empty() && self.answer_error.is_empty() {
            return Ok(None);
        }
        let values = self.answer.iter().map(|text| {
            let (id, json) = numbered("--answer", text, "JSON")?;
            Ok(ToolAnswer::value(id, json))
        });
        let errors = self.answer_error.iter().map(|text| {
            let (id, reason) = numbered("--answer-error", text, "TEXT")?;
            Ok(ToolAnswer::error(id, reason))
        });
        values.chain(errors).collect::<Result<_, Failure>>().map(Some)
    }
}

impl From<Declared> for Tool {
    fn from(declared: Declared) -> Self {
        let mut tool = Self::answered_by_caller(declared.name);
        if let Some(about) = declared.about {
            tool = tool.about(about);
        }
        if let Some(schema) = declared.parameters {
            tool = tool.parameters(schema);
        }
        if let Some(schema) = declared.returns {
            tool = tool.returns(schema);
        }
        if let Some(calls) = declared.calls_max {
            tool = tool.calls_max(calls);
        }
        if let Some(bytes) = declared.result_bytes_max {
            tool = tool.result_bytes_max(bytes);
        }
        tool
    }
}

/// Says which calls a suspended run waits for, and how to answer them.
pub(crate) fn show_pending(outcome: &Outcome, kept_in: Option<&Path>) {
    for call in &outcome.pending {
        render::note(&format!(
            "call {} waits for an answer: {}({})",
            call.id,
            call.tool,
            call.arguments.get()
        ));
    }
    if outcome.pending.is_empty() {
        return;
    }
    match kept_in {
        Some(file) => render::note(&format!(
            "go on with the same flags and --resume {} --answer ID=JSON, or --answer-error ID=TEXT",
            file.display()
        )),
        None => render::note("nothing was kept of the run: --save FILE keeps one that waits"),
    }
}

fn numbered<'a>(flag: &str, text: &'a str, what: &str) -> Result<(u64, &'a str), Failure> {
    let parts = text.split_once('=').and_then(|(id, rest)| Some((id.parse().ok()?, rest)));
    parts.ok_or_else(|| {
        Failure::usage(
            format!("{flag} {text} does not begin with the number of a call"),
            format!("write {flag} ID={what}, with the number that the suspended run showed"),
        )
    })
}

fn read(path: &Path) -> Result<Vec<Declared>, Failure> {
    let shown = path.display();
    let failed = |error| Failure::system(format!("--tool: cannot read {shown}"), error);
    let mut content = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::usage(format!("--tool: {shown} has more than 1MiB"), "name another file"));
    }
    let wrong = |error: serde_json::Error| {
        Failure::usage(format!("--tool: {shown} declares no tool: {error}"), USAGE)
    };
    match serde_json::from_slice(&content).map_err(wrong)? {
        Value::Array(list) => {
            list.into_iter().map(|one| serde_json::from_value(one).map_err(wrong)).collect()
        }
        one => Ok(vec![serde_json::from_value(one).map_err(wrong)?]),
    }
}
