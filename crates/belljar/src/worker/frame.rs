//! What parent and worker say to each other, as messages.
//!
//! A message is one frame. One that is too long for that lies in memory that both can reach: the parent's is handed over sealed, and a worker
//! asks for room first, so that it never decides what the parent allocates.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::claim::Claim;
use super::refusal::Refusal;
use super::services::granted::Granted;
use super::services::{self, OperationAsk, OperationNumber, SessionNumber};
use crate::host::bounded;
use crate::host::operations::Field;
use crate::limits::Limits;
use crate::outcome::{DirectoryEntry, Stream};

/// The longest frame. A socket takes several of them before its reader must have come.
pub(super) const FRAME_BYTES_MAX: usize = 32 * 1024;

/// The most of what code prints, or is given to read, that one frame carries.
pub(super) const PIECE_BYTES_MAX: usize = FRAME_BYTES_MAX - 64;

/// How many frames that are not answered a call may be ahead of whoever takes them.
pub(super) const AHEAD_MAX: u32 = 16;

/// What a worker says first: who it is. Its form never changes, so that any version can read it.
pub(super) const GREETING: &str = concat!("belljar worker ", env!("CARGO_PKG_VERSION"), " form 1");

/// The beginning of it, whatever the version.
pub(super) const GREETING_ANY: &str = "belljar worker ";

/// One image with one of its sets of machine code: what a worker must have mapped to run a jar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Kind {
    pub(crate) image: [u8; 32],
    pub(crate) counts_fuel: bool,
}

/// Where an image lies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImagePlace {
    pub(crate) name: String,
    /// The folder with images of all makings.
    pub(crate) shelf: PathBuf,
}

/// What a worker is told before it shuts itself in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) images: BTreeMap<Kind, ImagePlace>,
    pub(super) sessions_max: u32,
    pub(super) runs_max: u32,
    pub(super) requires_jail: bool,
    /// The process id of the parent.
    pub(super) parent: u32,
}

/// A jar as a worker knows it: everything but what it may reach outside.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JarForm {
    pub(crate) kind: Kind,
    pub(crate) limits: Limits,
    pub(crate) granted: Granted,
}

/// What the parent says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Down {
    /// The first thing that it says.
    Setup(Setup),
    /// From now on `number` means this jar.
    Jar {
        number: u64,
        /// A [`JarForm`], written once for all workers.
        #[serde(with = "serde_bytes")]
        form: Vec<u8>,
    },
    /// It means none any more.
    ForgetJar { number: u64 },
    /// Something is to be done, and answered under this number.
    Call { call: u64, what: Call },
    /// The code is to be stopped.
    Cancel { call: u64 },
    /// Nobody waits for the answer: it is to be given at once, whatever it is.
    Abandon { call: u64 },
    /// So many of the frames were taken that are not answered.
    Taken { call: u64, frames: u32 },
    /// The reply to what it asked. What is attached belongs to it.
    Reply { call: u64, reply: services::Reply },
    /// The next field of an operation; none when it is over.
    Field { session: SessionNumber, operation: OperationNumber, field: Option<Field> },
    /// What was read for it; nothing at the end.
    Piece {
        call: u64,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A session has ended.
    Drop { session: u64 },
    /// The attached memory is the room that was asked for.
    Room { call: u64 },
    /// The attached memory holds the message.
    InMemory,
}

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    /// Runs code in a session of its own.
    Once {
        jar: u64,
        session: u64,
        asked: Box<Asked>,
    },
    Start {
        jar: u64,
        session: u64,
    },
    /// A session that goes on from a body that was packed.
    Resume {
        jar: u64,
        session: u64,
        #[serde(with = "serde_bytes")]
        body: Vec<u8>,
    },
    Run {
        session: u64,
        asked: Box<Asked>,
        is_last: bool,
    },
    Complete {
        session: u64,
        code: String,
        cursor: u64,
    },
    Check {
        session: u64,
        code: String,
    },
    ReadFile {
        session: u64,
        path: String,
    },
    WriteFile {
        session: u64,
        path: String,
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
    },
    ListFiles {
        session: u64,
        path: String,
    },
    /// Packs a session that is called `name`.
    Pack {
        session: u64,
        name: String,
    },
    /// Hands over the files of a session, for the parent to do something with them.
    HandOver {
        session: u64,
    },
    /// Gives them back.
    TakeBack {
        session: u64,
        #[serde(with = "serde_bytes")]
        files: Vec<u8>,
    },
    /// Makes `count` more sessions, numbered from `first`.
    Fork {
        session: u64,
        first: u64,
        count: u64,
    },
}

impl Call {
    /// The session that it is about.
    pub(super) fn session(&self) -> u64 {
        match self {
            Self::Once { session, .. }
            | Self::Start { session, .. }
            | Self::Resume { session, .. }
            | Self::Run { session, .. }
            | Self::Complete { session, .. }
            | Self::Check { session, .. }
            | Self::ReadFile { session, .. }
            | Self::WriteFile { session, .. }
            | Self::ListFiles { session, .. }
            | Self::Pack { session, .. }
            | Self::HandOver { session }
            | Self::TakeBack { session, .. }
            | Self::Fork { session, .. } => *session,
        }
    }
}

/// What a worker says, after its greeting.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Up {
    /// It has everything mapped and has shut itself in. With the layers of the jail that it could not have, and why.
    Ready(#[serde(deserialize_with = "bounded::list::<64, _, _>")] Vec<(String, String)>),
    /// It could not.
    NotReady(Refusal),
    Output {
        call: u64,
        stream: Stream,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// The code reads standard input.
    WantsInput {
        call: u64,
    },
    /// The answer, or a question, has so many bytes, and needs room.
    WantsRoom {
        call: u64,
        bytes: u64,
    },
    /// It lies there.
    InRoom {
        call: u64,
    },
    /// The code wants something of the host, and waits for the reply.
    Ask {
        call: u64,
        ask: services::Ask,
    },
    /// It begins an operation.
    Begin {
        call: u64,
        operation: OperationNumber,
        ask: OperationAsk,
    },
    /// There is room for one more field of it.
    More {
        call: u64,
        operation: OperationNumber,
    },
    /// It wants no more of it.
    NoMore {
        call: u64,
        operation: OperationNumber,
    },
    Done {
        call: u64,
        done: Result<Reply, Refusal>,
    },
}

/// What came of a call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Nothing,
    Ran(Box<Claim>),
    Completions {
        start: u64,
        #[serde(deserialize_with = "bounded::list::<1000, _, _>")]
        candidates: Vec<String>,
    },
    /// `Complete`, `Incomplete`, `Wrong`.
    Completeness(u8),
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    Entries(#[serde(deserialize_with = "bounded::list::<10_000, _, _>")] Vec<DirectoryEntry>),
}

/// How long a call that runs no code may take before its worker counts as hung: packing 4 GiB takes seconds on a busy machine.
pub(super) const CALL_TIME_MAX: Duration = Duration::from_secs(60);

/// How much longer than its limit a run may take before its worker counts as hung.
pub(super) const HARD_GRACE: Duration = Duration::from_secs(2);

/// A message as bytes.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(message).expect("messages are made of types that postcard writes, into memory")
}

/// A message from bytes, all of them.
///
/// # Errors
///
/// When they are none.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, &'static str> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok(_) => Err("a message is followed by something else"),
        Err(_) => Err("a message makes no sense"),
    }
}
