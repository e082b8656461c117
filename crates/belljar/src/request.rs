//! What a caller asks for: plain data, not checked yet.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use crate::engine::cancel::CancelToken;
use crate::host::output::Sink;
use crate::limits::Limits;
use crate::outcome::Stream;

/// Code to run, and what it is given.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{Jar, Request};
///
/// let outcome = Jar::open("javascript")?
///     .run_blocking(Request::new("celsius.map(c => c * 9 / 5 + 32)").name("convert.js").input("celsius", "[0, 100]"))?;
/// assert_eq!(outcome.value.expect("an array").json.expect("of numbers").get(), "[32,212]");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Request {
    pub(crate) code: String,
    pub(crate) name: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) inputs: BTreeMap<String, String>,
    pub(crate) limits: Option<Limits>,
    pub(crate) stdin: Option<Box<dyn Read + Send>>,
    pub(crate) sink: Option<Box<dyn Sink>>,
    pub(crate) cancel: CancelToken,
    pub(crate) answers: Option<Vec<ToolAnswer>>,
}

/// The answer to a call of a tool that a suspended run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolAnswer {
    pub(crate) id: u64,
    pub(crate) done: Result<String, String>,
}

impl ToolAnswer {
    /// The call with this [id](crate::Pending::id) gives the value of `json`.
    #[must_use]
    pub fn value(id: u64, json: impl Into<String>) -> Self {
        Self { id, done: Ok(json.into()) }
    }

    /// It fails: the code gets an error with this text.
    #[must_use]
    pub fn error(id: u64, text: impl Into<String>) -> Self {
        Self { id, done: Err(text.into()) }
    }
}

impl Request {
    /// A request to run `code`.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::default() }
    }

    /// A request to go on with a run that waits for these answers ([`Ended::Suspended`](crate::Ended::Suspended)). Calls that are not answered yet may be answered
    /// later. Limits, output and cancelling are those of this request; what belongs to the code was given when it began.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Ended, Grants, Jar, Request, Tool, ToolAnswer};
    ///
    /// let jar = Jar::open("python")?.with_grants(Grants::default().tool(Tool::answered_by_caller("ask"))?);
    /// let session = jar.session()?;
    /// let outcome = session.run_blocking("answer = await tools.ask(question='why?')\nanswer.upper()")?;
    /// assert_eq!(outcome.ended, Ended::Suspended);
    /// let call = &outcome.pending[0];
    /// assert_eq!((call.tool.as_str(), call.arguments.get()), ("ask", r#"{"question":"why?"}"#));
    /// let outcome = session.run_blocking(Request::answers([ToolAnswer::value(call.id, "\"because\"")]))?;
    /// assert_eq!(outcome.value.expect("a text").repr, "'BECAUSE'");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn answers(answers: impl IntoIterator<Item = ToolAnswer>) -> Self {
        Self { answers: Some(answers.into_iter().collect()), ..Self::default() }
    }

    /// The file name that tracebacks show. A name that ends in `.ts`, `.mts` or `.cts` says that the code is TypeScript, whose types are
    /// taken out before it runs; one that ends in `.mjs` or `.mts`, that it is a module. A program in JavaScript is taken to lie in `/work`, under the last
    /// part of its name: that is where its relative imports begin.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Jar, Request};
    ///
    /// let request = Request::new("const half = (n: number): number => n / 2; half(84)").name("half.ts");
    /// assert_eq!(Jar::open("javascript")?.run_blocking(request)?.value.expect("a number").repr, "42");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Arguments of the program (`sys.argv[1:]`, `process.argv.slice(2)`).
    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Sets an environment variable of the program. Nothing of the host's environment is ever passed on by itself.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Sets a global of that name to the value of `json` before the code runs.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.inputs.insert(name.into(), json.into());
        self
    }

    /// Limits for this run. They can only be lower than the jar's. In a session that goes on, those on files and whether fuel is counted
    /// stay what they were when it began.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Where the program's standard input comes from. Without it, input is at its end.
    ///
    /// A thread of its own reads it, piece by piece, as the program asks for it. The run ends on time also while the reader blocks; the
    /// thread then stays until the reader returns.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Read + Send + 'static) -> Self {
        self.stdin = Some(Box::new(stdin));
        self
    }

    /// Takes output while the code runs, in addition to the outcome.
    #[must_use]
    pub fn on_output(mut self, sink: impl FnMut(Stream, &[u8]) + Send + 'static) -> Self {
        self.sink = Some(Box::new(sink));
        self
    }

    /// Lets `token` cancel the run.
    #[must_use]
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }
}

impl From<&str> for Request {
    fn from(code: &str) -> Self {
        Self::new(code)
    }
}

impl From<String> for Request {
    fn from(code: String) -> Self {
        Self::new(code)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("name", &self.name)
            .field("code_bytes", &self.code.len())
            .field("arguments", &self.arguments)
            .field("inputs", &self.inputs.keys())
            .finish_non_exhaustive()
    }
}
