//! Tools: functions of the embedding program that code may call by name.
//!
//! `Tool` says what a tool is called, takes and gives; `work` does it; `stubs` shows it to whoever writes the code; `host::tools` serves the
//! calls.

mod granted;
mod stubs;
mod timer;
mod work;

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::limits::MIB;
pub(crate) use granted::{GrantedTool, TooLong};
pub(crate) use work::{Check, Done, Work};

/// The longest name of a tool.
const NAME_BYTES_MAX: usize = 64;

/// Words that are no names in Python.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What the guest calls all arguments that are no parameters.
const OTHERS: &str = "arguments";

/// Names that mean something else where tools are found.
const NAMES_TAKEN: [&str; 4] = ["ToolError", "then", "constructor", "prototype"];

/// A function of the embedding program that code may call by name.
///
/// What it takes and gives are Rust types; their JSON Schemas ([2020-12](https://json-schema.org/draft/2020-12/schema)) are what the code sees, and what arguments
/// are checked against before the function is called.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{Grants, Jar, Tool, schemars};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct City {
///     name: String,
/// }
///
/// let population = Tool::new("population", |city: City| match city.name.as_str() {
///     "Oslo" => Ok(717_710),
///     other => Err(format!("nobody has counted {other}")),
/// });
/// let jar = Jar::open("python")?.with_grants(Grants::default().tool(population.about("How many live there"))?);
/// let outcome = jar.run_blocking("tools.population(name='Oslo') + 1")?;
/// assert_eq!(outcome.value.expect("a number").repr, "717711");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tool {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) parameters: Value,
    pub(crate) returns: Option<Value>,
    /// Whether results are held against that: those of a Rust type fit anyway.
    pub(crate) checks_result: bool,
    pub(crate) work: Work,
    pub(crate) checks: Vec<Check>,
    pub(crate) calls_max: u64,
    pub(crate) result_bytes_max: u64,
    pub(crate) time_ms_max: Option<u64>,
    pub(crate) concurrent_max: Option<usize>,
}

/// A call of a tool, before it is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// Its arguments, as its schema has them.
    pub arguments: Value,
}

impl Tool {
    /// A tool that code calls like any function, and waits for. Each call has a thread of its own, so `function` may take its time: the run's
    /// deadline ends the wait, and what comes too late is dropped.
    #[must_use]
    pub fn new<A, R, E, F>(name: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: fmt::Display,
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
    {
        let name = name.into();
        let work = Work::on_a_thread(&name, function);
        Self::with(name, &schema_for!(A), Some(&schema_for!(R)), work)
    }

    /// A tool that code awaits. The future is driven by whoever drives the run, while the code waits, and is dropped with it.
    #[must_use]
    pub fn asynchronous<A, R, E, F, W>(name: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: fmt::Display,
        F: Fn(A) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, E>> + Send + 'static,
    {
        let name = name.into();
        let work = Work::as_future(&name, function);
        Self::with(name, &schema_for!(A), Some(&schema_for!(R)), work)
    }

    /// A tool that code awaits and the caller answers: when nothing else is left to do, the run ends as
    /// [`Suspended`](crate::Ended::Suspended) with the [pending](crate::Outcome::pending) calls, and goes on with
    /// [`Request::answers`](crate::Request::answers), on another machine or days later if need be.
    #[must_use]
    pub fn answered_by_caller(name: impl Into<String>) -> Self {
        Self::with(name.into(), &schema_for!(serde_json::Map<String, Value>), None, Work::OfTheCaller)
    }

    fn with(name: String, parameters: &Schema, returns: Option<&Schema>, work: Work) -> Self {
        Self {
            name,
            about: String::new(),
            parameters: parameters.as_value().clone(),
            returns: returns.map(|schema| schema.as_value().clone()),
            checks_result: false,
            work,
            checks: Vec::new(),
            calls_max: u64::MAX,
            result_bytes_max: MIB,
            time_ms_max: None,
            concurrent_max: None,
        }
    }

    /// What it does, for whoever writes the code.
    #[must_use]
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.about = text.into();
        self
    }

    /// Takes arguments by this JSON Schema, of an object, instead of by that of the Rust type.
    #[must_use]
    pub fn parameters(mut self, schema: Value) -> Self {
        self.parameters = schema;
        self
    }

    /// Gives what this JSON Schema says, instead of the Rust type. A result that does not fit is an error of its call.
    #[must_use]
    pub fn returns(mut self, schema: Value) -> Self {
        (self.returns, self.checks_result) = (Some(schema), true);
        self
    }

    /// How often one run may call it.
    #[must_use]
    pub fn calls_max(mut self, calls: u64) -> Self {
        self.calls_max = calls;
        self
    }

    /// The largest result, in bytes of JSON. 1 MiB, unless it is set. A call holds as much of the session's memory while it goes on.
    #[must_use]
    pub fn result_bytes_max(mut self, bytes: u64) -> Self {
        self.result_bytes_max = bytes;
        self
    }

    /// How long one call may take, in milliseconds of wall time from when the code first waits for it, waiting for a place included and approval not.
    /// Then the call fails with an error that says so, and the run goes on. The future of an asynchronous tool is dropped; a plain function
    /// cannot be stopped: it keeps its thread and its place until it returns, and what it gives is dropped. No limit but the run's unless it is set. A
    /// call that the caller answers takes as long as he takes.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Grants, Jar, Tool};
    ///
    /// let never = Tool::asynchronous("never", |_: serde_json::Map<String, serde_json::Value>| std::future::pending::<Result<(), String>>());
    /// let jar = Jar::open("python")?.with_grants(Grants::default().tool(never.time_ms_max(20))?);
    /// let outcome = jar.run_blocking("try:\n    await tools.never()\nexcept tools.ToolError as error:\n    said = str(error)\nsaid")?;
    /// assert_eq!(outcome.value.expect("a text").repr, "'never took longer than its 20 ms'");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn time_ms_max(mut self, ms: u64) -> Self {
        self.time_ms_max = Some(ms);
        self
    }

    /// How many calls of it may go on at once, in all sessions of the grants that it is given to. Those above wait for a place, within
    /// their run's time and their own. At least 1; no limit unless it is set. All plain tools of a process together have 256 threads.
    #[must_use]
    pub fn concurrent_max(mut self, calls: usize) -> Self {
        self.concurrent_max = Some(calls.clamp(1, Semaphore::MAX_PERMITS));
        self
    }

    /// Refuses calls for which `check` gives a reason. Made after the schema was checked, and before [approval](Self::approve); quick, since
    /// the run waits for it.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&ToolCall) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.checks.push(Check::Quick(Arc::new(check)));
        self
    }

    /// Asks before each call; only one that is approved is made. The run waits meanwhile, within its time. A caller who answers calls himself
    /// is not asked.
    #[must_use]
    pub fn approve<W>(mut self, approve: impl Fn(ToolCall) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = bool> + Send + 'static,
    {
        self.checks.push(Check::Approval(Arc::new(move |call| Box::pin(approve(call)))));
        self
    }

    /// Refuses what cannot be a tool.
    pub(crate) fn validate(&self) -> Result<()> {
        let wrong = |reason: String| Err(Error::Tool { name: self.name.clone(), reason });
        let mut letters = self.name.bytes();
        let starts = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
        if !starts || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_') {
            return wrong(
                "its name must have letters, digits and _ only, and begin with a letter".to_owned(),
            );
        }
        if self.name.len() > NAME_BYTES_MAX {
            return wrong(format!("its name has more than {NAME_BYTES_MAX} letters"));
        }
        if NAMES_TAKEN.contains(&self.name.as_str()) {
            return wrong("its name means something else in code".to_owned());
        }
        if self.parameters.get("type") != Some(&Value::from("object")) {
            return wrong("its parameters must be the schema of an object".to_owned());
        }
        Ok(())
    }

    /// Whether code awaits it.
    pub(crate) fn is_awaited(&self) -> bool {
        !matches!(self.work, Work::OnAThread(_) | Work::Elsewhere { awaited: false })
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).finish_non_exhaustive()
    }
}
