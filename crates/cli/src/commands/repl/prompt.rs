//! The prompt: line editing, history, and what the session knows of the code that is being typed.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use belljar::{Completeness, Session};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use crate::exit::Failure;
use crate::terminal::neutralise;

const PROMPT: &str = ">>> ";

/// How many entries of history are kept.
const HISTORY_MAX: usize = 10_000;

/// What was typed.
pub(crate) enum Line {
    /// Code that can be run.
    Code(String),
    /// Nothing, or something that was dropped with Ctrl-C.
    Nothing,
    /// Ctrl-D: there is no more.
    End,
}

/// A prompt for one session after another.
pub(crate) struct Prompt {
    editor: Editor<Typist, FileHistory>,
    history: Option<PathBuf>,
}

impl Prompt {
    /// A prompt for `session`, with the history of what was typed to `engine` before.
    pub(crate) fn new(engine: &str, session: Session) -> Result<Self, Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(HISTORY_MAX)
            .map_err(failed)?
            .history_ignore_space(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Typist(session)));
        let history = history_file(engine);
        if let Some(history) = &history {
            // There is none the first time.
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, history })
    }

    /// The session that is typed to.
    pub(crate) fn session(&self) -> &Session {
        &self.editor.helper().expect("the helper is set when the prompt is made").0
    }

    /// Where what is typed is kept, if it is.
    pub(crate) fn history(&self) -> Option<&Path> {
        self.history.as_deref()
    }

    /// From now on, `session` is typed to.
    pub(crate) fn renew(&mut self, session: Session) {
        self.editor.set_helper(Some(Typist(session)));
    }

    /// Reads code that is complete.
    pub(crate) fn read(&mut self) -> Result<Line, Failure> {
        match self.editor.readline(PROMPT) {
            Ok(code) if code.trim().is_empty() => Ok(Line::Nothing),
            Ok(code) => {
                self.remember(&code);
                Ok(Line::Code(code))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Nothing),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(failed(error)),
        }
    }

    /// A history that cannot be written is no reason to stop.
    fn remember(&mut self, code: &str) {
        let added = self.editor.add_history_entry(code).unwrap_or_default();
        if let Some(history) = self.history.as_ref().filter(|_| added) {
            let _ = self.editor.append_history(history);
        }
    }
}

/// Where history is kept: `$XDG_STATE_HOME/belljar`, or the same under `~/.local/state`. Only its owner can read it.
fn history_file(engine: &str) -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    let folder = state.join("belljar");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    // The engine's name has been the name of a folder before, so it can be that of a file.
    let history = folder.join(Path::new(&format!("history-{engine}")));
    // It is there from the start, since a jail lets files be written and none be made. The line says how the others are written.
    if let Ok(mut new) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&history) {
        new.write_all(b"#V2\n").ok()?;
    }
    Some(history)
}

fn failed(error: ReadlineError) -> Failure {
    let source = match error {
        ReadlineError::Io(source) => source,
        other => std::io::Error::other(other.to_string()),
    };
    Failure::system("cannot read what is typed", source)
}

/// Answers for the session while code is being typed.
struct Typist(Session);

impl Completer for Typist {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let Ok(found) = self.0.complete_blocking(line, pos) else { return Ok((pos, Vec::new())) };
        let start = (0..=found.start.min(pos)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        // Names come from the guest: one that a terminal would not show as it is must not reach it.
        let is_plain = |name: &String| neutralise(name.as_bytes()) == *name && !name.contains(['\n', '\t']);
        Ok((start, found.candidates.into_iter().filter(is_plain).collect()))
    }
}

impl Validator for Typist {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // What is wrong is run all the same: its error says what is wrong.
        Ok(match self.0.check_blocking(context.input()) {
            Ok(Completeness::Incomplete) => ValidationResult::Incomplete,
            _ => ValidationResult::Valid(None),
        })
    }
}

impl Hinter for Typist {
    type Hint = String;
}

impl Highlighter for Typist {}

impl Helper for Typist {}
