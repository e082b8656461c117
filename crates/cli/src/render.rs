//! What people see: output as it comes, values, errors and hints. Plain bytes, unless it is a terminal that shows them.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use belljar::{CancelToken, Ended, Error, Outcome, Stream};
use clap::builder::styling::{AnsiColor, Style};

use crate::exit::Failure;
use crate::terminal::{Neutral, neutralise};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Standard output and standard error, as a run writes to them.
#[derive(Clone, Debug)]
pub(crate) struct Screen(Arc<Mutex<Panes>>);

#[derive(Debug)]
struct Panes {
    out: Pane,
    err: Pane,
    failed: Option<io::Error>,
}

#[derive(Debug)]
struct Pane {
    stream: Stream,
    /// Set where a terminal shows it.
    neutral: Option<Neutral>,
    colours: bool,
}

impl Screen {
    /// The screen of this process.
    pub(crate) fn new() -> Self {
        let out = Pane::new(Stream::Stdout, io::stdout().is_terminal());
        let err = Pane::new(Stream::Stderr, io::stderr().is_terminal());
        Self(Arc::new(Mutex::new(Panes { out, err, failed: None })))
    }

    /// What takes a run's output while it goes on. When nobody can read it any more, the run is cancelled.
    pub(crate) fn sink(&self, cancel: &CancelToken) -> impl FnMut(Stream, &[u8]) + Send + 'static {
        let (screen, cancel) = (self.clone(), cancel.clone());
        move |stream, bytes| {
            let written = screen.with(|panes| {
                let written = panes.pane(stream).write(bytes);
                written.map_err(|error| panes.failed = Some(panes.failed.take().unwrap_or(error)))
            });
            if written.is_err() {
                cancel.cancel();
            }
        }
    }

    /// Whether all the output was written.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        self.with(|panes| {
            let rest = panes.out.finish().and_then(|()| panes.err.finish());
            panes.failed.take().map_or(rest, Err).map_err(Failure::output)
        })
    }

    /// Shows the value of a run.
    pub(crate) fn value(&self, outcome: &Outcome) -> Result<(), Failure> {
        let Some(value) = &outcome.value else { return Ok(()) };
        self.with(|panes| panes.out.write(format!("{}\n", value.repr).as_bytes())).map_err(Failure::output)
    }

    /// Shows a text that holds what a program wrote.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        self.with(|panes| panes.out.write(text.as_bytes())).map_err(Failure::output)
    }

    /// Says why a run did not come to its end, if it did not.
    pub(crate) fn ending(&self, outcome: &Outcome) -> Result<(), Failure> {
        let text = self.with(|panes| ending(outcome, panes.err.colours, panes.err.neutral.is_some()));
        match text.is_empty() {
            true => Ok(()),
            false => put(Stream::Stderr, text.as_bytes()).map_err(Failure::output),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Panes) -> T) -> T {
        // Nothing that panicked could have left the panes half-written: each write is whole or reported.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Panes {
    fn pane(&mut self, stream: Stream) -> &mut Pane {
        match stream {
            Stream::Stdout => &mut self.out,
            Stream::Stderr => &mut self.err,
        }
    }
}

impl Pane {
    fn new(stream: Stream, terminal: bool) -> Self {
        let neutral = terminal.then(Neutral::default);
        Self { stream, neutral, colours: terminal && wants_colours() }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.neutral {
            Some(neutral) => put(self.stream, neutral.write(bytes).as_bytes()),
            None => put(self.stream, bytes),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.neutral.as_mut().map(Neutral::finish).unwrap_or_default();
        if rest.is_empty() { Ok(()) } else { put(self.stream, rest.as_bytes()) }
    }
}

/// How a run ended, for people: the traceback, the error, and what to do about a limit.
fn ending(outcome: &Outcome, colours: bool, terminal: bool) -> String {
    let Some(error) = &outcome.error else { return String::new() };
    let shown = |text: &str| if terminal { neutralise(text.as_bytes()) } else { text.to_owned() };
    let traceback = shown(error.traceback.trim_end());
    let mut text = String::new();
    let headline = shown(&format!("{}: {}", error.r#type, error.message));
    if outcome.ended == Ended::Raised {
        // The languages put the headline where their users look for it: Python last, JavaScript first.
        let own = if traceback.is_empty() { headline } else { traceback };
        let (before, last) =
            own.rsplit_once('\n').map_or(("", own.as_str()), |(before, last)| (before, last));
        match before.lines().next() {
            Some(first) if last.starts_with("    at ") => {
                text += &format!("{}{}\n", paint(ERROR, first, colours), &own[first.len()..]);
            }
            Some(_) => text += &format!("{before}\n{}\n", paint(ERROR, last, colours)),
            None => text += &format!("{}\n", paint(ERROR, last, colours)),
        }
    } else {
        if !traceback.is_empty() {
            text += &format!("{traceback}\n");
        }
        text += &format!("{} {}\n", paint(ERROR, "error:", colours), shown(&error.message));
        if let Some(hint) = limit_hint(outcome.ended) {
            text += &format!("{} {hint}\n", paint(HINT, "hint:", colours));
        }
    }
    text
}

/// Which flag raises the limit that ended a run.
fn limit_hint(ended: Ended) -> Option<&'static str> {
    match ended {
        Ended::TimeLimit => Some("--time and --cpu give more"),
        Ended::MemoryLimit => Some("--memory gives more"),
        Ended::FuelLimit => Some("--fuel gives more"),
        Ended::OutputLimit => Some("--output gives more"),
        Ended::Crashed => Some("please report this, with the code that led to it"),
        _ => None,
    }
}

/// Prints a failure of ours and what to do about it, and gives the exit code.
pub(crate) fn failure(failure: &Failure) -> u8 {
    match failure {
        Failure::ReaderGone => {}
        Failure::Library(Error::Policy(problems)) => {
            problems.all().iter().for_each(|problem| complain(problem, Some(&problem.hint)));
        }
        failure => complain(failure, failure.hint().as_deref()),
    }
    failure.code()
}

/// Prints an error, and perhaps a hint, to standard error.
pub(crate) fn complain(message: &dyn Display, hint: Option<&str>) {
    let terminal = io::stderr().is_terminal();
    let colours = terminal && wants_colours();
    // Names of files and inputs are shown too, and may hold anything.
    let shown = |text: String| if terminal { neutralise(text.as_bytes()) } else { text };
    let mut text = format!("{} {}\n", paint(ERROR, "error:", colours), shown(message.to_string()));
    if let Some(hint) = hint {
        text += &format!("{} {}\n", paint(HINT, "hint:", colours), shown(hint.to_owned()));
    }
    // There is nowhere left to say that this failed.
    let _ = put(Stream::Stderr, text.as_bytes());
}

/// Tells something that is no error.
pub(crate) fn note(text: &str) {
    let terminal = io::stderr().is_terminal();
    let shown = if terminal { neutralise(text.as_bytes()) } else { text.to_owned() };
    let headline = paint(HINT, "note:", terminal && wants_colours());
    // Nothing depends on it.
    let _ = put(Stream::Stderr, format!("{headline} {shown}\n").as_bytes());
}

/// Shows a line of the log. What is in it may come from a guest.
pub(crate) fn log(text: &str) {
    let _ = put(Stream::Stderr, format!("log: {}\n", neutralise(text.as_bytes())).as_bytes());
}

/// Prints our own text to standard output.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    put(Stream::Stdout, bytes).map_err(Failure::output)
}

fn put(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        Stream::Stderr => io::stderr().lock().write_all(bytes),
    }
}

fn paint(style: Style, text: &str, colours: bool) -> String {
    if colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// `NO_COLOR` and terminals that cannot are respected.
fn wants_colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
