//! The parent's side of one session in a worker: it serves what was granted to that session, and nothing else, whatever the worker asks.
//!
//! All bookkeeping is the parent's own: counts of a run, quotas, open files and operations, and what memory they take here, which is held to
//! the session's limit once more. A worker that does what no worker does is not argued with: [`Nonsense`] means that it is to be ended.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Ask, OperationAsk, OperationNumber, Reply};
use crate::error::Result;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::host::files::ServedFiles;
use crate::host::meter::Meter;
use crate::host::net::Net;
use crate::host::operations::{Answer, FIELDS_AHEAD, Failure, Field, Kind, OPEN_MAX, Waiting};
use crate::host::random::Random;
use crate::host::secrets::Secrets;
use crate::host::tools::{self, Tools};
use crate::limits::Limits;
use crate::outcome::Pending;
use crate::request::ToolAnswer;
use crate::snapshot::Claims;

/// What the meter holds for a call that the caller is to answer, so that it is known again.
const PENDING_BYTES: u64 = 64;

/// The worker did what none does that has not fallen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Nonsense {
    #[error("it began an operation under a number that is taken")]
    OperationTaken,
    #[error("it began more operations than a session may have open")]
    TooManyOperations,
    #[error("it made room for more fields than it was sent")]
    TooMuchRoom,
    #[error("it told of a call that was not admitted")]
    NotAdmitted,
    #[error("it wrote a snapshot of another session")]
    OtherState,
}

/// What the parent knows of a session beside what its worker has: enough to serve it when it goes on elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// What was used of the quota of each mount, in bytes and files.
    used: Vec<(u64, u32)>,
    /// What stands in the place of the secrets.
    placeholders: Vec<String>,
    /// Calls that were admitted and are the caller's to answer, how many of each.
    pending: BTreeMap<[u8; 32], u32>,
    /// The tools of the calls that the caller was told of, by the numbers that he knows them by.
    told: BTreeMap<u64, String>,
}

impl State {
    /// What a snapshot says of this. It is trusted when the parent has signed it, and not before it was [held against](Services::check_state)
    /// what the parent knows.
    pub(crate) fn claimed(claims: Claims) -> Self {
        let Claims { used, placeholders, waiting } = claims;
        let mut pending = BTreeMap::new();
        for (_, Waiting { tool, arguments }) in &waiting {
            *pending.entry(known_by(tool, arguments)).or_default() += 1;
        }
        let told = waiting.into_iter().map(|(id, waiting)| (id.into(), waiting.tool)).collect();
        Self { used, placeholders, pending, told }
    }
}

/// What is to be told of an operation: its next field, or that it is over.
pub(crate) type Told = (OperationNumber, Option<Field>);

/// What serves one session of a worker.
#[derive(Debug)]
pub(crate) struct Services {
    meter: Meter,
    files: ServedFiles,
    net: Net,
    tools: Tools,
    secrets: Option<Arc<Secrets>>,
    audit: Audit,
    open: BTreeMap<OperationNumber, Open>,
    /// The operation whose field was told last: the others come before it again.
    last: OperationNumber,
    pending: BTreeMap<[u8; 32], u32>,
    told: BTreeMap<u64, String>,
}

/// An operation that goes on.
#[derive(Debug)]
struct Open {
    answer: Answer,
    /// How many fields the worker has room for.
    room: usize,
}

impl Services {
    /// What serves a new session: its directories are opened, and placeholders drawn.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) when a directory cannot be mounted.
    pub(crate) fn new(grants: &Grants, limits: &Limits, audit: &Audit) -> Result<Self> {
        let mut random = grants.seed.map_or_else(Random::fresh, |seed| Ok(Random::from_seed(seed)))?;
        Self::with(grants, limits, audit, Secrets::new(&grants.secrets, &mut random))
    }

    /// What serves a session that goes on.
    ///
    /// # Errors
    ///
    /// As for [`Services::new`].
    pub(crate) fn resume(grants: &Grants, limits: &Limits, audit: &Audit, state: State) -> Result<Self> {
        let secrets = Secrets::resume(&grants.secrets, state.placeholders);
        let mut services = Self::with(grants, limits, audit, secrets)?;
        services.files.go_on(state.used);
        (services.pending, services.told) = (state.pending, state.told);
        Ok(services)
    }

    fn with(grants: &Grants, limits: &Limits, audit: &Audit, secrets: Option<Arc<Secrets>>) -> Result<Self> {
        audit.keep_secret(secrets.as_ref());
        Ok(Self {
            meter: Meter::new(limits),
            files: ServedFiles::open(&grants.mounts, limits, audit)?,
            net: Net::new(Arc::clone(&grants.net)),
            tools: Tools::new(Arc::clone(&grants.tools)),
            secrets,
            audit: audit.clone(),
            open: BTreeMap::new(),
            last: OperationNumber(0),
            pending: BTreeMap::new(),
            told: BTreeMap::new(),
        })
    }

    /// What is needed to serve the session when it goes on elsewhere.
    pub(crate) fn state(&self) -> State {
        State {
            used: self.files.used(),
            placeholders: self.secrets.as_ref().map(|secrets| secrets.placeholders()).unwrap_or_default(),
            pending: self.pending.clone(),
            told: self.told.clone(),
        }
    }

    /// Checks what a worker says of the session in a snapshot of it, before that is signed.
    ///
    /// # Errors
    ///
    /// [`Nonsense`] when it says something else than what is so.
    pub(crate) fn check_state(&self, claimed: &State) -> Result<(), Nonsense> {
        let State { used, placeholders, .. } = self.state();
        let has_used = |(bytes, files): &(u64, u32)| *bytes > 0 || *files > 0;
        // A session that has no files yet says nothing of quotas.
        let says_used = claimed.used == used || claimed.used.is_empty() && !used.iter().any(has_used);
        if says_used && claimed.placeholders == placeholders && self.knows(&claimed.pending) {
            Ok(())
        } else {
            Err(Nonsense::OtherState)
        }
    }

    /// Whether all of these calls were admitted.
    fn knows(&self, pending: &BTreeMap<[u8; 32], u32>) -> bool {
        pending.iter().all(|(call, count)| self.pending.get(call).is_some_and(|all| count <= all))
    }

    /// The secrets, to take them out of what the worker says. None when there are none.
    pub(crate) fn secrets(&self) -> Option<&Arc<Secrets>> {
        self.secrets.as_ref()
    }

    /// Begins a run: requests, calls and bytes are counted anew.
    pub(crate) fn begin_run(&mut self, limits: &Limits) {
        self.meter.begin_run(limits);
        self.net.begin_run(limits);
        self.tools.begin_run(limits);
    }

    /// Does what is asked for, or refuses it. What comes with the reply is a descriptor that is open for reading. This takes as long as the
    /// machine does for it, and for a large tree of directories that may be long: it is nothing for a thread that others wait for.
    pub(crate) fn serve(&mut self, ask: Ask) -> (Reply, Option<OwnedFd>) {
        match ask {
            Ask::File(ask) => {
                let (reply, descriptor) = self.files.serve(&mut self.meter, ask);
                (Reply::File(reply), descriptor)
            }
            Ask::Admit(request) => (Reply::Admit(self.admit(&request)), None),
            Ask::Placeholders => (Reply::Placeholders(self.state().placeholders), None),
        }
    }

    /// Begins an operation. What is not granted is refused in its answer.
    ///
    /// # Errors
    ///
    /// [`Nonsense`] when no worker would have asked for that.
    pub(crate) fn begin(&mut self, operation: OperationNumber, ask: &OperationAsk) -> Result<(), Nonsense> {
        if self.open.contains_key(&operation) {
            return Err(Nonsense::OperationTaken);
        }
        if self.open.len() >= OPEN_MAX {
            return Err(Nonsense::TooManyOperations);
        }
        let answer = match ask.kind {
            Kind::Http => self.net.begin(&mut self.meter, self.secrets.as_ref(), &self.audit, &ask.request),
            Kind::Tool => tools::begin(&mut self.tools, &mut self.meter, &self.audit, &ask.request),
        };
        self.open.insert(operation, Open { answer, room: FIELDS_AHEAD });
        Ok(())
    }

    /// The worker has room for one more field.
    ///
    /// # Errors
    ///
    /// [`Nonsense`] when it has had none for the last one.
    pub(crate) fn more(&mut self, operation: OperationNumber) -> Result<(), Nonsense> {
        // It may be over: the worker cannot know yet.
        let Some(open) = self.open.get_mut(&operation) else { return Ok(()) };
        if open.room >= FIELDS_AHEAD {
            return Err(Nonsense::TooMuchRoom);
        }
        open.room += 1;
        Ok(())
    }

    /// The worker wants no more of an operation.
    pub(crate) fn give_up(&mut self, operation: OperationNumber) {
        if let Some(open) = self.open.remove(&operation) {
            self.meter.release(open.answer.held());
        }
    }

    /// The worker wants no more of any operation.
    pub(crate) fn give_up_all(&mut self) {
        for (_, open) in std::mem::take(&mut self.open) {
            self.meter.release(open.answer.held());
        }
    }

    /// What is to be told next of an operation for which the worker has room, each in its turn. Tools of the embedding program do their
    /// work while this is polled; it has to be polled again after [`begin`](Self::begin) and [`more`](Self::more).
    pub(crate) fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<Told> {
        let after = |number: &OperationNumber| *number > self.last;
        let (mut order, before): (Vec<_>, Vec<_>) = self.open.keys().copied().partition(after);
        order.extend(before);
        for operation in order {
            let Some(open) = self.open.get_mut(&operation).filter(|open| open.room > 0) else { continue };
            let Poll::Ready(field) = open.answer.poll_field(context) else { continue };
            self.last = operation;
            open.room -= 1;
            if field.is_none() {
                self.give_up(operation);
            }
            return Poll::Ready((operation, field));
        }
        Poll::Pending
    }

    /// Whether a call that the caller is to answer may be made.
    fn admit(&mut self, request: &[u8]) -> Result<String, (Failure, String)> {
        let answer = tools::begin(&mut self.tools, &mut self.meter, &self.audit, request);
        // The session's own meter holds what its answer may take.
        self.meter.release(answer.held());
        let waiting = answer.into_waiting().map_err(|field| {
            let refused = field.and_then(|field| field.failure());
            refused.unwrap_or((Failure::Invalid, "it is not answered by the caller".to_owned()))
        })?;
        let no_room = |_| (Failure::Limit, format!("there is no memory left for a call of {}", waiting.tool));
        self.meter.hold(PENDING_BYTES).map_err(no_room)?;
        *self.pending.entry(known_by(&waiting.tool, &waiting.arguments)).or_default() += 1;
        Ok(waiting.arguments)
    }

    /// Checks that the calls which the outcome of a suspended run tells of were admitted. Those that it does not tell of are not waited for any more.
    ///
    /// # Errors
    ///
    /// [`Nonsense`] when one was not.
    pub(crate) fn check_pending(&mut self, told: &[Pending]) -> Result<(), Nonsense> {
        let mut pending: BTreeMap<[u8; 32], u32> = BTreeMap::new();
        for call in told {
            *pending.entry(known_by(&call.tool, call.arguments.get())).or_default() += 1;
        }
        if told.len() > OPEN_MAX || !self.knows(&pending) {
            return Err(Nonsense::NotAdmitted);
        }
        let gone = self.pending.values().map(|count| u64::from(*count)).sum::<u64>() - told.len() as u64;
        self.meter.release(gone * PENDING_BYTES);
        self.pending = pending;
        self.told = told.iter().map(|call| (call.id, call.tool.clone())).collect();
        Ok(())
    }

    /// Tells that the caller has answered these calls, and that the session has taken the answers.
    pub(crate) fn answered(&mut self, answers: &[ToolAnswer]) {
        for tool in answers.iter().filter_map(|answer| self.told.remove(&answer.id)) {
            tools::tell_answered(&self.audit, tool);
        }
    }
}

fn known_by(tool: &str, arguments: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    // No tool has a NUL in its name.
    hasher.update(tool.as_bytes()).update(&[0]).update(arguments.as_bytes());
    *hasher.finalize().as_bytes()
}
