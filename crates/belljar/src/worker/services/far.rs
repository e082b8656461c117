//! A session's way out of a worker: what the host's side of it wants, as messages to the parent.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc::Sender;

use super::{Ask, Line, OperationAsk, OperationNumber, Reply, SessionNumber};
use crate::host::elsewhere::Elsewhere;
use crate::host::files::{FileAsk, FileReply};
use crate::host::operations::{Failure, Field, Kind, Supply};

/// One session's part of a line.
#[derive(Debug)]
pub(crate) struct Far {
    line: Arc<dyn Line>,
    session: SessionNumber,
    last: AtomicU32,
}

impl Far {
    pub(crate) fn new(line: Arc<dyn Line>, session: SessionNumber) -> Self {
        Self { line, session, last: AtomicU32::new(0) }
    }
}

impl Elsewhere for Far {
    fn file(&self, ask: FileAsk) -> (FileReply, Option<OwnedFd>) {
        match self.line.ask(self.session, Ask::File(ask)) {
            Ok((Reply::File(reply), descriptor)) => (reply, descriptor),
            _ => (FileReply::none(), None),
        }
    }

    fn begin(&self, kind: Kind, request: &[u8], fields: Sender<Field>) -> Option<Box<dyn Supply>> {
        // Far more than a session lives to use.
        let operation = OperationNumber(self.last.fetch_add(1, Ordering::Relaxed));
        let ask = OperationAsk { kind, request: request.to_vec() };
        self.line.begin(self.session, operation, ask, fields).ok()?;
        Some(Box::new(Supplied { line: Arc::clone(&self.line), session: self.session, operation }))
    }

    fn admit(&self, request: &[u8]) -> Result<String, (Failure, String)> {
        match self.line.ask(self.session, Ask::Admit(request.to_vec())) {
            Ok((Reply::Admit(admitted), _)) => admitted,
            _ => Err((Failure::Broken, "there is nobody to serve it any more".to_owned())),
        }
    }

    fn placeholders(&self) -> Vec<String> {
        match self.line.ask(self.session, Ask::Placeholders) {
            Ok((Reply::Placeholders(placeholders), _)) => placeholders,
            _ => Vec::new(),
        }
    }
}

/// An operation that the parent serves.
struct Supplied {
    line: Arc<dyn Line>,
    session: SessionNumber,
    operation: OperationNumber,
}

impl Supply for Supplied {
    fn taken(&mut self) {
        self.line.more(self.session, self.operation);
    }
}

impl Drop for Supplied {
    fn drop(&mut self) {
        self.line.give_up(self.session, self.operation);
    }
}
