//! The gate: a request and what the jar allows become a plan, or a refusal. Only a plan may run.

use std::io::Read;

use crate::engine::cancel::CancelToken;
use crate::engine::image::Language;
use crate::environment::Variables;
use crate::error::{Error, Result};
use crate::host::output::Sink;
use crate::limits::Limits;
use crate::request::{Request, ToolAnswer};
use crate::typescript;

/// The longest code that is accepted.
pub const CODE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most bytes of arguments, environment and inputs together.
pub const DATA_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What may run. There is no way to make one but [`admit`].
pub(crate) struct Plan {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) module: bool,
    /// Whether the code has types in it that must be taken out first.
    pub(crate) typescript: bool,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<String>,
    pub(crate) inputs: Vec<(String, String)>,
    pub(crate) limits: Limits,
    pub(crate) stdin: Option<Box<dyn Read + Send>>,
    pub(crate) sink: Option<Box<dyn Sink>>,
    pub(crate) cancel: CancelToken,
    /// Answers for a run that waits for them, instead of code.
    pub(crate) answers: Option<Vec<ToolAnswer>>,
}

/// Checks a request against what the jar allows.
pub(crate) fn admit(
    request: Request,
    language: Language,
    allowed: &Limits,
    variables: Option<&Variables>,
) -> Result<Plan> {
    let limits = match request.limits {
        Some(asked) => of_run(narrow(asked, allowed)?, allowed)?,
        None => allowed.clone(),
    };
    let name = request.name.unwrap_or_else(|| language.default_name().to_owned());
    let environment = match variables {
        Some(variables) => variables.narrow(request.environment)?,
        None => request.environment,
    };
    let environment: Vec<String> =
        environment.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let inputs: Vec<(String, String)> = request.inputs.into_iter().collect();

    no_nul("the file name", &name)?;
    request.arguments.iter().try_for_each(|text| no_nul("an argument", text))?;
    environment.iter().try_for_each(|text| no_nul("an environment variable", text))?;
    inputs.iter().try_for_each(|(name, json)| check_input(name, json))?;
    check_size("the code", request.code.len(), CODE_BYTES_MAX)?;
    let data = [&request.arguments, &environment].into_iter().flatten().map(String::len).sum::<usize>()
        + inputs.iter().map(|(name, json)| name.len() + json.len()).sum::<usize>();
    check_size("arguments, environment and inputs", data, DATA_BYTES_MAX)?;

    let javascript = language == Language::JavaScript;
    if javascript && typescript::is_jsx(&name) {
        return Err(Error::Jsx { name });
    }
    let typescript = javascript && typescript::is_typescript(&name);
    let module = javascript && (name.ends_with(".mjs") || name.ends_with(".mts"));
    let (code, stdin, sink) = (request.code, request.stdin, request.sink);
    let (arguments, cancel, answers) = (request.arguments, request.cancel, request.answers);
    Ok(Plan {
        code,
        name,
        module,
        typescript,
        arguments,
        environment,
        inputs,
        limits,
        stdin,
        sink,
        cancel,
        answers,
    })
}

/// The limits asked for, none above those allowed.
pub(crate) fn narrow(asked: Limits, allowed: &Limits) -> Result<Limits> {
    asked.check()?;
    // Who counts goes on counting.
    let asked = Limits { fuel: asked.fuel.or(allowed.fuel), ..asked };
    let pairs = [
        ("memory_bytes", asked.memory_bytes, allowed.memory_bytes),
        ("time_ms", asked.time_ms, allowed.time_ms),
        ("cpu_ms", asked.cpu_ms, allowed.cpu_ms),
        ("fuel", asked.fuel.unwrap_or(u64::MAX), allowed.fuel.unwrap_or(u64::MAX)),
        ("output_bytes", asked.output_bytes, allowed.output_bytes),
        ("value_bytes", asked.value_bytes, allowed.value_bytes),
        ("value_depth", asked.value_depth.into(), allowed.value_depth.into()),
        ("files_bytes", asked.files_bytes, allowed.files_bytes),
        ("files_count", asked.files_count.into(), allowed.files_count.into()),
        ("files_depth", asked.files_depth.into(), allowed.files_depth.into()),
        ("open_files", asked.open_files.into(), allowed.open_files.into()),
        ("host_calls", asked.host_calls, allowed.host_calls),
        ("net_requests", asked.net_requests, allowed.net_requests),
        ("net_bytes", asked.net_bytes, allowed.net_bytes),
        ("tool_calls", asked.tool_calls, allowed.tool_calls),
    ];
    match pairs.into_iter().find(|(_, asked, allowed)| asked > allowed) {
        Some((limit, asked, allowed)) => Err(Error::LimitRaised { limit, asked, allowed }),
        None => Ok(asked),
    }
}

/// What one run of a session may be given: a session keeps the machine code and the files that it was started with.
fn of_run(asked: Limits, allowed: &Limits) -> Result<Limits> {
    let kept = [
        ("fuel", asked.fuel.is_some() == allowed.fuel.is_some()),
        ("files_bytes", asked.files_bytes == allowed.files_bytes),
        ("files_count", asked.files_count == allowed.files_count),
        ("files_depth", asked.files_depth == allowed.files_depth),
        ("open_files", asked.open_files == allowed.open_files),
    ];
    match kept.into_iter().find(|(_, same)| !same) {
        Some((limit, _)) => Err(Error::LimitOfSession { limit }),
        None => Ok(asked),
    }
}

fn no_nul(what: &'static str, text: &str) -> Result<()> {
    text.find('\0').map_or(Ok(()), |offset| Err(Error::NulByte { what, offset }))
}

fn check_size(what: &'static str, bytes: usize, most: usize) -> Result<()> {
    if bytes <= most { Ok(()) } else { Err(Error::TooLong { what, bytes, most }) }
}

/// An input is a global: its name must be an identifier, and its value JSON.
fn check_input(name: &str, json: &str) -> Result<()> {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$');
    if !starts || !letters.all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
        return Err(Error::InputName { name: name.to_owned() });
    }
    serde_json::from_str::<serde::de::IgnoredAny>(json)
        .map(|_| ())
        .map_err(|source| Error::InputValue { name: name.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(request: Request) -> String {
        let Err(error) = admit(request, Language::Python, &Limits::default(), None) else {
            panic!("this must be refused");
        };
        error.to_string()
    }

    #[test]
    fn a_request_can_lower_a_limit_but_not_raise_it() {
        let allowed = Limits::default();
        let lower = Limits { time_ms: 5, ..Limits::default() };
        assert_eq!(
            admit(Request::new("1").limits(lower), Language::Python, &allowed, None).unwrap().limits.time_ms,
            5
        );
        let higher = Limits { time_ms: 10_001, ..Limits::default() };
        assert_eq!(
            refusal(Request::new("1").limits(higher)),
            "the request asks for time_ms = 10001, but the jar allows 10000"
        );
    }

    #[test]
    fn what_belongs_to_the_session_cannot_change_between_its_runs() {
        let fewer = Limits { open_files: 1, ..Limits::default() };
        assert_eq!(
            refusal(Request::new("1").limits(fewer)),
            "open_files is a limit of the session, and cannot change for one run"
        );
        let counted = Limits { fuel: Some(1), ..Limits::default() };
        assert_eq!(
            refusal(Request::new("1").limits(counted)),
            "fuel is a limit of the session, and cannot change for one run"
        );
    }

    #[test]
    fn what_cannot_be_passed_on_is_refused() {
        assert_eq!(
            refusal(Request::new("1").arguments(["a\0b"])),
            "an argument contains a NUL byte at offset 1"
        );
        assert_eq!(refusal(Request::new("1").input("a-b", "1")), "\"a-b\" cannot be the name of an input");
        assert_eq!(
            refusal(Request::new("1").input("a", "{1}")),
            "input \"a\" is not JSON: key must be a string at line 1 column 2"
        );
        assert_eq!(
            refusal(Request::new(" ".repeat(CODE_BYTES_MAX + 1))),
            "the code is 16777217 bytes long, but may have 16777216 at most"
        );
    }
}
