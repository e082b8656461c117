//! The session's virtual files: the image's read-only ones at `/`, what the caller placed, and a scratch in memory.
//!
//! There is one namespace, and no file of the machine in it but what is mounted. `/tmp`, `/work` (where code starts) and `/output` can be
//! written to; the rest cannot. Content, number and depth are bounded by [`Limits`], and bytes are charged to the session's budget before
//! they are allocated. A session that touches no file and has no mounts allocates nothing here.
//!
//! `tree` is the namespace, `path` walks it, `naming`, `renaming`, `listing` and `transfer` are what the guest can do, `pack` is the image's
//! archive. Directories of the host are one more source of nodes ([`node::Id`]): `mounts` reaches them, `overlay` keeps what is changed of
//! one that is mounted copy-on-write, `changes`, `diff` and `apply` are what the host does with that afterwards.

mod apply;
mod between;
mod changes;
mod content;
mod descriptor;
mod diff;
mod directory;
mod error;
pub(crate) mod frozen;
mod handover;
mod hosted;
mod kind;
mod listing;
mod mounting;
mod mounts;
mod name;
mod naming;
mod node;
mod overlay;
pub(crate) mod pack;
mod path;
mod place;
mod quota;
mod remembered;
mod renaming;
mod save;
mod space;
mod transfer;
mod tree;
mod whole;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::limits::Limits;

pub use apply::Selection;
pub(crate) use descriptor::{Access, ROOT_FD};
pub(crate) use error::FileError;
pub(crate) use kind::Kind;
pub(crate) use mounts::{FileAsk, FileReply, ServedFiles, is_protected};
pub(crate) use name::PATH_BYTES_MAX;
pub(crate) use naming::{At, Opening};
pub(crate) use node::{Listed, NewTimes, Stat};
pub(crate) use path::LastLink;
pub(crate) use quota::Change;
pub(crate) use space::{Channel, Space};
pub(crate) use transfer::Whence;

use pack::Pack;
use quota::Quota;

/// The files of one session. A copy is independent, and cheap: content that has not changed since is shared.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pack: Arc<Pack>,
    quota: Quota,
    open_files: u32,
    space: Option<Box<Space>>,
}

impl Files {
    /// The files of a new session: those of the image, and an empty scratch.
    pub(crate) fn new(limits: &Limits, pack: Arc<Pack>) -> Self {
        Self { pack, quota: Quota::new(limits), open_files: limits.open_files, space: None }
    }

    /// What the guest works on. Made when it is first asked for.
    pub(crate) fn space(&mut self) -> &mut Space {
        self.space.get_or_insert_with(|| {
            Box::new(Space::new(Arc::clone(&self.pack), self.quota.clone(), self.open_files))
        })
    }
}
