//! The tools: names, what they say of themselves, and their schemas. Clients get them in this order.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::arguments::{
    AccessRequest, FileList, FileRead, FileWrite, Install, OfSession, RunJavaScript, RunPython,
    SessionCreate, SessionFork, SessionList, ToolsSearch,
};
use crate::portable::make_portable;
use crate::results::{
    ClosedSession, FoundFunctions, GrantedAccess, InstalledPackages, ListedFiles, ListedSessions, OneSession,
    ReadFile, Sessions, WrittenFile,
};
use crate::settings::Settings;
use crate::shown::Shown;

/// The tool of MCP Run Python.
pub(crate) const ORIGINAL: &str = "run_python_code";

const ORIGINAL_ABOUT: &str = "Tool to execute Python code and return stdout, stderr, and return value.

The code may be async, and the value on the last line will be returned as the return value.

The code will be executed with Python 3.13.
";

const PYTHON_ABOUT: &str = "Runs Python 3.13 in a sandbox and gives what was printed, the value of the last expression, errors with their \
traceback, and files left in /output. Files can be written in /work (where code starts), /tmp and /output. There is no network, no process and no \
file of the machine but what whoever runs the server has granted; an error says what was refused. Give a session to keep variables between calls.";

const JAVASCRIPT_ABOUT: &str = "Runs JavaScript (or TypeScript) in a sandbox: ES modules, fetch where granted, fs for files in /work, /tmp and /output; no Node \
beyond that. Gives what was printed, the value of the last expression, errors with their stack, and files left in /output. Give a session to keep \
variables between calls.";

/// What a tool does to its surroundings, as clients are told.
#[derive(Clone, Copy)]
enum Effect {
    /// Looks.
    Reads,
    /// Runs code, which may do whatever was granted.
    Runs { is_open_world: bool },
    /// Adds to what the sandbox holds.
    Adds,
    /// Takes away from what the sandbox holds; a second time changes nothing more.
    Removes,
}

/// The tools of a server with these settings.
pub(crate) fn tools(settings: &Settings) -> Vec<Tool> {
    let mut tools = Vec::new();
    let runs = Effect::Runs { is_open_world: settings.is_open_world };
    if settings.offered.has_native() {
        if settings.python.is_some() {
            tools.push(tool::<RunPython, Shown>("run_python", "Run Python", PYTHON_ABOUT, runs));
        }
        if settings.javascript.is_some() {
            tools.push(tool::<RunJavaScript, Shown>(
                "run_javascript",
                "Run JavaScript",
                JAVASCRIPT_ABOUT,
                runs,
            ));
        }
        if !settings.functions.is_empty() {
            let about = "Finds functions of connected servers that code can call, and shows how to: in Python `await tools.NAME(argument=...)`, \
in JavaScript `await tools.NAME({argument: ...})`. One run can call many of them and give back only what matters.";
            tools.push(tool::<ToolsSearch, FoundFunctions>(
                "tools_search",
                "Find functions",
                about,
                Effect::Reads,
            ));
        }
        tools.extend(of_sessions());
        tools.extend(of_files());
        if settings.packages.is_some() {
            tools.push(tool::<Install, InstalledPackages>(
                "install",
                "Install packages",
                "Installs packages of pure Python, and what they need, for sessions and runs of Python that begin afterwards.",
                Effect::Adds,
            ));
        }
        if settings.grants_access() {
            tools.push(tool::<AccessRequest, GrantedAccess>(
                "access_request",
                "Ask for access",
                "Asks the user whether code may reach a host or a directory of the machine, for sessions and runs that begin afterwards. Ask for as little as will do.",
                Effect::Adds,
            ));
        }
    }
    if settings.offered.has_original() && settings.python.is_some() {
        tools.push(original());
    }
    tools
}

fn of_sessions() -> [Tool; 5] {
    [
        tool::<SessionCreate, OneSession>(
            "session_create",
            "Begin a session",
            "Begins a session, which keeps variables, imports and files between runs, and gives its handle.",
            Effect::Adds,
        ),
        tool::<SessionFork, Sessions>(
            "session_fork",
            "Fork a session",
            "Copies a session with all that it holds. The copies and the original go on independently: to try several ways from one point.",
            Effect::Adds,
        ),
        tool::<OfSession, OneSession>(
            "session_reset",
            "Reset a session",
            "Makes a session new: variables, imports and files are gone, and the handle stays.",
            Effect::Removes,
        ),
        tool::<OfSession, ClosedSession>(
            "session_close",
            "Close a session",
            "Ends a session and stops what runs in it.",
            Effect::Removes,
        ),
        tool::<SessionList, ListedSessions>(
            "session_list",
            "List sessions",
            "Lists your sessions: language, how many runs each has had, and how long it was not used.",
            Effect::Reads,
        ),
    ]
}

fn of_files() -> [Tool; 3] {
    [
        tool::<FileWrite, WrittenFile>(
            "file_write",
            "Write a file",
            "Writes a file into a session's own file system, for its code to read.",
            Effect::Adds,
        ),
        tool::<FileRead, ReadFile>(
            "file_read",
            "Read a file",
            "Reads a file that the code of a session could read.",
            Effect::Reads,
        ),
        tool::<FileList, ListedFiles>(
            "file_list",
            "List files",
            "Lists what a directory of a session holds.",
            Effect::Reads,
        ),
    ]
}

fn tool<Takes: JsonSchema, Gives: JsonSchema>(
    name: &'static str,
    title: &str,
    about: &'static str,
    effect: Effect,
) -> Tool {
    let annotations = ToolAnnotations::with_title(title);
    let annotations = match effect {
        Effect::Reads => annotations.read_only(true).open_world(false),
        Effect::Runs { is_open_world } => annotations
            .read_only(false)
            .destructive(is_open_world)
            .idempotent(false)
            .open_world(is_open_world),
        Effect::Adds => annotations.read_only(false).destructive(false).idempotent(false).open_world(false),
        Effect::Removes => annotations.read_only(false).destructive(true).idempotent(true).open_world(false),
    };
    Tool::new(name, about, schema::<Takes>())
        .with_title(title)
        .with_raw_output_schema(schema::<Gives>())
        .with_annotations(annotations)
}

/// The JSON Schema (2020-12) of a type, in one piece: some clients follow no references.
fn schema<T: JsonSchema>() -> Arc<JsonObject> {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(make_portable));
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    // Names of our own types say nothing to anybody.
    schema.remove("title");
    schema.remove("description");
    Arc::new(schema)
}

/// The tool as MCP Run Python has it, to the letter.
fn original() -> Tool {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "python_code": { "type": "string", "description": "Python code to run" },
            "global_variables": {
                "type": "object",
                "additionalProperties": {},
                "default": {},
                "description": "Map of global variables in context when the code is executed",
            },
        },
        "required": ["python_code"],
        "additionalProperties": false,
    });
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(ORIGINAL, ORIGINAL_ABOUT, schema).with_title("Run Python code")
}
