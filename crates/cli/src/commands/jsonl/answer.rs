//! Answers: whole lines, written as they come, and the list of what is still to be answered.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use belljar::{CancelToken, Completeness, Completions, Outcome, Stream, Text};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::id::Id;
use super::refusal::Refusal;
use crate::exit::Failure;
use crate::render;
use crate::terminal::unfinished_character;

/// Where answers go. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<BTreeMap<String, Option<CancelToken>>>>);

impl Answers {
    /// Nothing is to be answered yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A request is going to be served; while it is, its id is taken, and `token` cancels it.
    pub(crate) fn begin(&self, id: &Id, token: Option<CancelToken>) -> Result<(), Refusal> {
        let mut open = self.open();
        if open.contains_key(id.get()) {
            let message = format!("the id {} belongs to a request that is not answered yet", id.get());
            return Err(Refusal::caller(message, "give every request an id of its own"));
        }
        open.insert(id.get().to_owned(), token);
        Ok(())
    }

    /// The request is not going to be served after all.
    pub(crate) fn end(&self, id: &Id) {
        self.open().remove(id.get());
    }

    /// Cancels a run that is not answered yet. False when there is none.
    pub(crate) fn cancel(&self, run: &Id) -> bool {
        match self.open().get(run.get()) {
            Some(Some(token)) => {
                token.cancel();
                true
            }
            _ => false,
        }
    }

    /// Answers with an outcome.
    pub(crate) fn outcome(&self, id: &Id, outcome: &Outcome) {
        self.answer(id, "outcome", outcome);
    }

    /// Answers with completions.
    pub(crate) fn completions(&self, id: &Id, completions: &Completions) {
        #[derive(Serialize)]
        struct Body<'a> {
            start: usize,
            candidates: &'a [String],
        }
        self.answer(
            id,
            "completions",
            &Body { start: completions.start, candidates: &completions.candidates },
        );
    }

    /// Answers whether code is complete.
    pub(crate) fn check(&self, id: &Id, completeness: Completeness) {
        let word = match completeness {
            Completeness::Complete => "complete",
            Completeness::Incomplete => "incomplete",
            Completeness::Wrong => "wrong",
        };
        self.answer(id, "check", &word);
    }

    /// Answers with a snapshot.
    pub(crate) fn snapshot(&self, id: &Id, snapshot: &[u8]) {
        self.answer(id, "snapshot", &BASE64_STANDARD.encode(snapshot));
    }

    /// Answers with changes, as a unified diff.
    pub(crate) fn diff(&self, id: &Id, diff: &str) {
        self.answer(id, "diff", &diff);
    }

    /// Answers that what was asked for is done.
    pub(crate) fn done(&self, id: &Id) {
        self.end(id);
        write(&Answer { id: Some(id), name: "done", body: &true });
    }

    /// Answers that a request was not served.
    pub(crate) fn refuse(&self, id: Option<&Id>, refusal: &Refusal) {
        write(&Answer { id, name: "error", body: refusal });
    }

    /// Answers that a request that had begun failed.
    pub(crate) fn fail(&self, id: &Id, refusal: &Refusal) {
        self.answer(id, "error", refusal);
    }

    /// Output of a run, to be written while it goes on.
    pub(crate) fn stream(&self, id: &Id) -> Streams {
        Streams { id: id.clone(), waiting: Arc::default() }
    }

    /// The id is free before its answer can be read: whoever reads the answer may use it again.
    fn answer<T: Serialize>(&self, id: &Id, name: &'static str, body: &T) {
        self.end(id);
        write(&Answer { id: Some(id), name, body });
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Option<CancelToken>>> {
        // Each change of the list is one call: nothing that panicked has left half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Output of one run. Characters are never cut.
#[derive(Clone)]
pub(crate) struct Streams {
    id: Id,
    /// The beginnings of characters, of stdout and of stderr.
    waiting: Arc<Mutex<[Vec<u8>; 2]>>,
}

impl Streams {
    /// What takes the output.
    pub(crate) fn sink(&self) -> impl FnMut(Stream, &[u8]) + Send + 'static {
        let streams = self.clone();
        move |stream, bytes| {
            let mut waiting = streams.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let held = &mut waiting[usize::from(stream == Stream::Stderr)];
            held.extend_from_slice(bytes);
            let rest = held.split_off(held.len() - unfinished_character(held));
            streams.write(stream, std::mem::replace(held, rest));
        }
    }

    /// Writes what was still waiting when the run ended.
    pub(crate) fn finish(&self) {
        let [out, err] = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.write(Stream::Stdout, out);
        self.write(Stream::Stderr, err);
    }

    fn write(&self, stream: Stream, bytes: Vec<u8>) {
        #[derive(Serialize)]
        struct Line<'a> {
            id: &'a serde_json::value::RawValue,
            stream: Stream,
            text: Text,
        }
        if !bytes.is_empty() {
            write(&Line { id: self.id.raw(), stream, text: bytes.into() });
        }
    }
}

struct Answer<'a, T> {
    id: Option<&'a Id>,
    name: &'static str,
    body: &'a T,
}

impl<T: Serialize> Serialize for Answer<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("id", &self.id.map(Id::raw))?;
        map.serialize_entry(self.name, self.body)?;
        map.end()
    }
}

/// Writes one line. When nobody reads answers any more, there is nothing left to serve: the process ends, and all sessions with it.
fn write(line: &impl Serialize) {
    let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut line| {
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush())
    });
    if let Err(error) = written {
        let code = render::failure(&Failure::output(error));
        std::process::exit(code.into());
    }
}
