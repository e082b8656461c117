//! Exit codes: one table for how a run can end, and one for our own failures.

use std::fmt;
use std::io;
use std::process::ExitCode;

use belljar::units::{Duration, Size};
use belljar::{Ended, Error, Outcome};

/// What `--help` says about exit codes.
pub(crate) const HELP: &str = "\
Exit codes:
    0  the program came to its end (or its own exit code)
    1  the program raised an error; of `belljar attack`: something did not hold
  121  it waits for answers to calls of tools (`--tool`), and can go on
  122  it printed more than it may, and was to be stopped for that
  123  it used up its fuel, or its calls to the host
  124  it used up its time
  125  it was not run at all: bad usage, or a fault of ours; or what it changed or left could not be written
  130  it was cancelled (Ctrl-C)
  134  the engine crashed
  137  it used up its memory";

const RAISED: u8 = 1;
const SUSPENDED: u8 = 121;
const OUTPUT_LIMIT: u8 = 122;
const FUEL_LIMIT: u8 = 123;
const TIME_LIMIT: u8 = 124;
/// Nothing was run, or we failed, or what was to be written afterwards was not.
pub(crate) const NOT_RUN: u8 = 125;
const CANCELLED: u8 = 130;
/// An attack came through.
pub(crate) const NOT_HELD: u8 = 1;
const CRASHED: u8 = 134;
const MEMORY_LIMIT: u8 = 137;

/// The exit code of a run.
pub(crate) fn of_outcome(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome.ended {
        Ended::Completed => 0,
        Ended::Exited => own_code(outcome.exit_code),
        Ended::Raised => RAISED,
        Ended::TimeLimit => TIME_LIMIT,
        Ended::MemoryLimit => MEMORY_LIMIT,
        Ended::FuelLimit => FUEL_LIMIT,
        Ended::OutputLimit => OUTPUT_LIMIT,
        Ended::Cancelled => CANCELLED,
        Ended::Suspended => SUSPENDED,
        Ended::Crashed => CRASHED,
    })
}

/// What the system keeps of an exit code: its low eight bits.
fn own_code(code: Option<i32>) -> u8 {
    code.unwrap_or_default().to_le_bytes()[0]
}

/// Why nothing was run, or its result could not be shown.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, or what it names, is not what it should be.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The library refused or failed.
    Library(Error),
    /// Packages could not be had.
    Packages(belljar_packages::Error),
    /// The operating system refused.
    System {
        /// What was being done.
        doing: String,
        /// What it said.
        source: io::Error,
    },
    /// Whoever read our output has gone: the quiet end.
    ReaderGone,
}

impl Failure {
    /// Bad usage, and what to do about it.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// What the operating system said while something was being done.
    pub(crate) fn system(doing: impl Into<String>, source: io::Error) -> Self {
        Self::System { doing: doing.into(), source }
    }

    /// Output could not be written.
    pub(crate) fn output(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::system("cannot write the output", source),
        }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Usage { .. } | Self::Library(_) | Self::Packages(_) | Self::System { .. } => NOT_RUN,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Library(Error::LimitOutOfRange { limit, least, most, .. }) => Some(format!(
                "give {} from {} to {}",
                flag_of(limit),
                amount(limit, *least),
                amount(limit, *most)
            )),
            Self::Library(Error::InputValue { name, .. }) => {
                Some(format!("text needs quotes of its own: --input '{name}=\"text\"'"))
            }
            Self::Library(Error::Suspended { .. }) => {
                Some("answer them: --answer ID=JSON, or --answer-error ID=TEXT".to_owned())
            }
            Self::Library(error) => error.hint().or_else(|| hint_of(error)).map(str::to_owned),
            Self::Packages(error) => error.hint(),
            Self::System { source, .. } => Some(hint_of_system(source).to_owned()),
            Self::ReaderGone => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, .. } => f.write_str(message),
            Self::Library(Error::LimitOutOfRange { limit, value, least, .. }) if value < least => {
                write!(
                    f,
                    "{} {} is too small: the minimum is {}",
                    flag_of(limit),
                    amount(limit, *value),
                    amount(limit, *least)
                )
            }
            Self::Library(Error::LimitOutOfRange { limit, value, most, .. }) => {
                write!(
                    f,
                    "{} {} is too large: the maximum is {}",
                    flag_of(limit),
                    amount(limit, *value),
                    amount(limit, *most)
                )
            }
            Self::Library(Error::Io { doing, source }) | Self::System { doing, source } => {
                write!(f, "{doing}: {}", Plain(source))
            }
            Self::Library(error) => write!(f, "{error}"),
            Self::Packages(error) => write!(f, "{error}"),
            Self::ReaderGone => f.write_str("nobody reads the output any more"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<belljar_packages::Error> for Failure {
    fn from(error: belljar_packages::Error) -> Self {
        Self::Packages(error)
    }
}

/// An error of the operating system in its own words, without the number that Rust puts behind them.
struct Plain<'a>(&'a io::Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let end = text.find(" (os error").unwrap_or(text.len());
        f.write_str(&text[..end].to_lowercase())
    }
}

/// What to do about an error of which the library cannot know where it came from.
fn hint_of(error: &Error) -> Option<&'static str> {
    match error {
        Error::InputName { .. } => Some("a name has letters, digits and _, and does not begin with a digit"),
        Error::TooLong { .. } => Some("keep data apart from code, and give it with --stdin"),
        Error::NulByte { .. } => Some("only text can be given here"),
        Error::Io { source, .. } => Some(hint_of_system(source)),
        _ => None,
    }
}

/// What to do about an error of the operating system.
fn hint_of_system(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room there, or use another place"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make it yours to use, or use another place"
        }
        _ => "check that it is there, whole, and yours",
    }
}

/// The flag that sets a limit.
fn flag_of(limit: &'static str) -> &'static str {
    match limit {
        "memory_bytes" => "--memory",
        "time_ms" => "--time",
        "cpu_ms" => "--cpu",
        "fuel" => "--fuel",
        "output_bytes" => "--output",
        other => other,
    }
}

/// A limit in the unit that people give it in.
fn amount(limit: &str, value: u64) -> String {
    if limit.ends_with("_bytes") {
        Size(value).to_string()
    } else if limit.ends_with("_ms") {
        Duration(value).to_string()
    } else {
        value.to_string()
    }
}

/// Prints what the command line parser says. Help and version are no failure.
pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done when not even this can be printed.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(NOT_RUN) } else { ExitCode::SUCCESS }
}
