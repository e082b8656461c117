//! Grants that another process serves: what a session asks of it when it has none of them itself.
//!
//! A session that lives in a worker reaches no file, host or tool. Where it would, it asks the process that has its jar, which decides as
//! if it had the session. Who carries the questions is no concern of the session's.

use std::fmt;
use std::os::fd::OwnedFd;

use tokio::sync::mpsc::Sender;

use super::files::{FileAsk, FileReply};
use super::operations::{Failure, Field, Kind, Supply};

/// The most bytes of a request for an operation: it is in memory three times on its way.
pub(crate) const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The process that serves what a session was granted. Each call waits until it has answered.
pub(crate) trait Elsewhere: fmt::Debug + Send + Sync {
    /// Has something done with a directory of the host. A file that was opened to be read comes as a descriptor.
    fn file(&self, ask: FileAsk) -> (FileReply, Option<OwnedFd>);

    /// Begins an operation, with a request of [`REQUEST_BYTES_MAX`] at most, whose answer goes to `fields`, field by field, no more of them at once than the channel has room for. None if nobody
    /// is there to serve it.
    fn begin(&self, kind: Kind, request: &[u8], fields: Sender<Field>) -> Option<Box<dyn Supply>>;

    /// Whether a call of a tool that the caller of the run answers may be made; if so, its arguments as they are told him.
    fn admit(&self, request: &[u8]) -> Result<String, (Failure, String)>;

    /// What the code finds in the place of the secrets that it may use.
    fn placeholders(&self) -> Vec<String>;
}
