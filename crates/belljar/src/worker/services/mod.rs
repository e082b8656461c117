//! What a worker asks of its parent: files of mounts, network, tools. The parent has the grants; a worker has none of them, and may have
//! fallen to the code in it.
//!
//! In the worker a session's [`Far`](far::Far) turns what the host's side of it wants ([`Elsewhere`](crate::host::elsewhere::Elsewhere)) into messages on a
//! [`Line`]. In the parent the [`Services`](serving::Services) of that session serve them, with the functions that serve a session of the parent's own.
//! [`granted`] is what a worker is told of grants, [`scrub`] takes the values of secrets out of what it says, since it does not know them.

pub(crate) mod far;
pub(crate) mod granted;
pub(crate) mod scrub;
pub(crate) mod serving;

#[cfg(test)]
mod tests;

use std::fmt;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::host::elsewhere::REQUEST_BYTES_MAX;
use crate::host::files::{FileAsk, FileReply};
use crate::host::operations::{Failure, Field, Kind};

/// Which session of a worker something is about. The parent gives the numbers, none of them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SessionNumber(pub(crate) u64);

/// Which operation of a session something is about. The worker gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct OperationNumber(pub(crate) u32);

/// The most bytes of anything that is asked or told here, as it is written. All but the requests of guests is far smaller.
pub(crate) const ASK_BYTES_MAX: usize = REQUEST_BYTES_MAX + 1024 * 1024;

/// A question that waits for its reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Something to be done with a directory of the host.
    File(FileAsk),
    /// Whether a call of a tool that the caller of the run answers may be made: the request as the guest wrote it.
    Admit(#[serde(with = "serde_bytes")] Vec<u8>),
    /// What stands in the place of the secrets.
    Placeholders,
}

/// The reply to an [`Ask`] of the same name. With a [`File`](Reply::File) may come a descriptor, open for reading.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    File(FileReply),
    /// The arguments of the call as the caller is told them, or why it may not be made.
    Admit(Result<String, (Failure, String)>),
    Placeholders(Vec<String>),
}

/// An operation that a guest begins: what it is about, and the request as the guest wrote it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OperationAsk {
    pub(crate) kind: Kind,
    #[serde(with = "serde_bytes")]
    pub(crate) request: Vec<u8>,
}

/// There is nobody at the other end any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineDown;

/// A worker's way to its parent, for all of its sessions. Whoever has the channel implements it.
///
/// A session asks one thing at a time. Of what it begins, many go on at once.
pub(crate) trait Line: fmt::Debug + Send + Sync {
    /// Asks, and waits for the reply.
    fn ask(&self, session: SessionNumber, ask: Ask) -> Result<(Reply, Option<OwnedFd>), LineDown>;

    /// Begins an operation. The fields that come of it go to `fields`, which has room for those that the parent may send
    /// ([`more`](Line::more)), and is dropped when the parent says that it is over, or the line is down.
    fn begin(
        &self,
        session: SessionNumber,
        operation: OperationNumber,
        ask: OperationAsk,
        fields: Sender<Field>,
    ) -> Result<(), LineDown>;

    /// The guest has taken a field of an operation: the parent may send one more. It begins with
    /// [`FIELDS_AHEAD`](crate::host::operations::FIELDS_AHEAD).
    fn more(&self, session: SessionNumber, operation: OperationNumber);

    /// The guest wants no more of an operation: what still comes of it is dropped.
    fn give_up(&self, session: SessionNumber, operation: OperationNumber);
}
