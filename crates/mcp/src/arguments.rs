//! What tools take. The types are what the schemas are made from, and what arguments are read into: nothing that is not in them is accepted.

use std::fmt;

use belljar::Jar;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Reads arguments. What is wrong with them is told to the model, which can do better.
pub(crate) fn read<T: DeserializeOwned>(tool: &str, arguments: Option<JsonObject>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(arguments.unwrap_or_default())).map_err(|error| {
        Refusal::new(
            format!("the arguments of {tool} are wrong: {error}"),
            "the schema of the tool says what it takes",
        )
    })
}

/// What is given beside the text of a result, where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attach {
    /// Pictures that the code showed.
    Images,
    /// A link to each file in /output.
    Files,
}

/// Arguments of `run_python`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPython {
    /// The code. The value of its last expression is given back; `await` can stand at its top level.
    pub(crate) code: String,
    /// Variables that the code finds, by name.
    #[serde(default)]
    pub(crate) inputs: Map<String, Value>,
    /// The session to run in (of session_create), which remembers what runs define. Without one, the code runs by itself and is forgotten.
    #[serde(default)]
    pub(crate) session: Option<String>,
    /// The most wall time that the run may take, in milliseconds, where that should be less than the server's limit.
    #[serde(default)]
    pub(crate) time_ms: Option<u64>,
    /// What to give beside the text.
    #[serde(default)]
    pub(crate) attach: Vec<Attach>,
}

/// Arguments of `run_javascript`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunJavaScript {
    /// The code. The value of its last expression is given back; `await` can stand at its top level.
    pub(crate) code: String,
    /// Whether it is TypeScript; its types are taken out.
    #[serde(default)]
    pub(crate) typescript: bool,
    /// Variables that the code finds, by name.
    #[serde(default)]
    pub(crate) inputs: Map<String, Value>,
    /// The session to run in (of session_create), which remembers what runs define. Without one, the code runs by itself and is forgotten.
    #[serde(default)]
    pub(crate) session: Option<String>,
    /// The most wall time that the run may take, in milliseconds, where that should be less than the server's limit.
    #[serde(default)]
    pub(crate) time_ms: Option<u64>,
    /// What to give beside the text.
    #[serde(default)]
    pub(crate) attach: Vec<Attach>,
}

/// The languages that sessions are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// CPython.
    Python,
    /// QuickJS-ng; also TypeScript.
    Javascript,
}

impl Language {
    /// What a jar runs.
    pub(crate) fn of(jar: &Jar) -> Self {
        match jar.image().language() {
            belljar::Language::Python => Self::Python,
            belljar::Language::JavaScript | belljar::Language::TypeScript => Self::Javascript,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "python",
            Self::Javascript => "javascript",
        })
    }
}

/// Arguments of `session_create`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionCreate {
    /// The language that it runs.
    pub(crate) language: Language,
}

/// Arguments of tools that do something with a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfSession {
    /// The session.
    pub(crate) session: String,
}

/// Arguments of `session_fork`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionFork {
    /// The session that is copied.
    pub(crate) session: String,
    /// How many copies to make.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 16))]
    pub(crate) count: usize,
}

fn one() -> usize {
    1
}

/// Arguments of `session_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionList {}

/// How the bytes of a file are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encoding {
    /// As the text that they are, in UTF-8.
    #[default]
    Text,
    /// In base64.
    Base64,
}

/// Arguments of `file_write`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileWrite {
    /// The session.
    pub(crate) session: String,
    /// An absolute path in /work, /tmp or /output. Missing directories are made, and a file that is there is replaced.
    pub(crate) path: String,
    /// What the file is to hold.
    pub(crate) content: String,
    /// How the content is written here.
    #[serde(default)]
    pub(crate) encoding: Encoding,
}

/// Arguments of `file_read`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRead {
    /// The session.
    pub(crate) session: String,
    /// An absolute path.
    pub(crate) path: String,
    /// How the content is to be written. Bytes that are not text need base64.
    #[serde(default)]
    pub(crate) encoding: Encoding,
}

/// Arguments of `file_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileList {
    /// The session.
    pub(crate) session: String,
    /// An absolute path of a directory.
    #[serde(default = "work")]
    pub(crate) path: String,
}

fn work() -> String {
    "/work".to_owned()
}

/// Arguments of `install`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Install {
    /// Packages of Python, as pip takes them: "rich", "jinja2<4".
    #[schemars(length(min = 1, max = 32))]
    pub(crate) packages: Vec<String>,
}

/// Arguments of `access_request`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessRequest {
    /// Hosts to speak HTTP with: "api.example.com", "GET,HEAD@api.example.com/v1", "localhost:8080".
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub(crate) hosts: Vec<String>,
    /// Directories of the user's machine, as SOURCE:DESTINATION:MODE: "/srv/project:/work/project:ro". MODE is ro (read), cow (change in memory only) or rw.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub(crate) mounts: Vec<String>,
    /// What for, in a sentence that the user reads.
    #[schemars(length(min = 1, max = 300))]
    pub(crate) reason: String,
}

/// Arguments of `tools_search`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolsSearch {
    /// Words that the function's name or description should have; none, to see what there is.
    #[serde(default)]
    pub(crate) query: String,
    /// The language to declare functions in; Python if it is not given.
    #[serde(default)]
    pub(crate) language: Option<Language>,
}

/// Arguments of `run_python_code`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Original {
    pub(crate) python_code: String,
    #[serde(default)]
    pub(crate) global_variables: Map<String, Value>,
}
