//! What a session asks of the process that has its directories of the host, and what it is told: plain data, with a bound for each part.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::seen::{HostEntry, Identity, Seen};
use crate::host::files::error::FileError;
use crate::host::files::hosted::Hosted;
use crate::host::files::node::NewTimes;
use crate::host::files::remembered::Fingerprint;

/// The most bytes of a file that one question or reply carries.
pub(super) const PIECE_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes of names that one reply carries.
pub(super) const PAGE_BYTES_MAX: u64 = 256 * 1024;

/// Something to be done with a directory of the host. Whoever serves it takes nothing in it on trust.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileAsk(pub(in crate::host::files) Ask);

/// What became of it. A file that was opened to be read comes as a descriptor beside this.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileReply(pub(in crate::host::files) Result<Told, FileError>);

impl FileReply {
    /// What is told in the place of a reply that does not come.
    pub(crate) fn none() -> Self {
        Self(Err(FileError::Machine))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::host::files) enum Ask {
    Seen(Hosted),
    LinkTarget(Hosted),
    /// The first names of a directory.
    List(Hosted),
    /// The names that follow those of the last reply.
    ListOn,
    IsEmpty(Hosted),
    Height(Hosted),
    Print(Hosted),
    OpenToRead(Hosted),
    OpenToWrite(Hosted),
    CreateFile(Hosted),
    MakeDirectory(Hosted),
    MakeLink(Hosted, Box<str>),
    RemoveFile(Hosted),
    RemoveDirectory(Hosted),
    Rename(Hosted, Hosted),
    SetTimes(Hosted, NewTimes),
    /// Of a file that was opened to be written to, by its number.
    StatOpen(u32),
    Identity(u32),
    Read {
        file: u32,
        at: u64,
        len: u32,
    },
    /// With how many bytes will follow these: there is room for all of them or nothing is written.
    Write {
        file: u32,
        at: u64,
        bytes: ByteBuf,
        follow: u64,
    },
    SetSize(u32, u64),
    Close(u32),
    /// What was used of the quotas.
    Used,
    /// The session has refused a change in a mount that is read-only.
    RefusedWrite(Hosted),
    /// The session has refused a path that leads out of its mount.
    RefusedOutside(Box<str>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::host::files) enum Told {
    Done,
    Seen(Seen),
    Target(Box<str>),
    Names {
        entries: Vec<HostEntry>,
        hides: bool,
        more: bool,
    },
    Is(bool),
    Height(u32),
    Print(Fingerprint),
    /// The number of a file that was opened to be written to.
    Opened(u32),
    /// A file that was opened to be read, and when it was made.
    Lent(Option<u64>),
    Bytes(ByteBuf),
    Identity(Identity),
    Used(Vec<(u64, u32)>),
}
