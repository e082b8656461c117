//! Runs Python and JavaScript that nobody has read yet, in WebAssembly, with limits that hold.
//!
//! A [`Jar`] is an image of a language with [`Limits`] and [`Grants`]; a [`Session`] is a live instance of it; an [`Outcome`] is
//! what a run gives back, however it ended. An [`Error`] means that *we* failed, or that the caller asked for something that cannot
//! be: code that fails, or hits a limit, has an outcome.
//!
//! ```
//! # fn main() -> belljar::Result<()> {
//! use belljar::{Ended, Jar};
//!
//! let outcome = Jar::open("javascript")?.run_blocking("console.log('hello'); [1, 2, 3].map(n => n * n)")?;
//! assert_eq!(outcome.ended, Ended::Completed);
//! assert_eq!(outcome.stdout, "hello\n");
//! assert_eq!(outcome.value.expect("an array").repr, "[ 1, 4, 9 ]");
//! # Ok(())
//! # }
//! ```
//!
//! The modules stand in the order in which a piece of code travels.

// What serves workers is there on every system, so that there is one library to read.
#![cfg_attr(
    not(second_ring),
    allow(
        dead_code,
        unused_variables,
        reason = "nobody asks for what only workers need, and no session is in one"
    )
)]

mod environment;
mod grants;
mod limits;
mod mount;
mod policy;
mod request;
mod tool;
pub mod units;

mod admit;
mod audit;
mod typescript;

mod baking;
mod here;
mod jar;
mod live;
mod session;
mod session_files;
mod snapshot;
mod told;

mod engine;
mod host;

#[cfg(second_ring)]
mod worker;
#[cfg(not(second_ring))]
#[path = "worker/elsewhere.rs"]
mod worker;

mod collect;
mod error;
mod outcome;

mod blocking;

/// Tests of sessions are written as programs are that embed the library.
#[cfg(test)]
extern crate self as belljar;

#[cfg(all(any(fuzzing, test), second_ring))]
pub mod fuzzing;

pub use admit::{CODE_BYTES_MAX, DATA_BYTES_MAX};
pub use audit::{AUDIT_TARGET, AuditEvent, AuditKind, Decision, audit_package};
pub use baking::{Baked, BakedPackage, Baking};
pub use engine::cancel::CancelToken;
pub use engine::image::{Image, Language, cache_folder, search_path};
pub use engine::runtime::Runtime;
pub use error::{Error, Fault, Result};
pub use grants::Grants;
pub use host::files::Selection;
pub use host::net::resolve::Resolver;
pub use host::net::rule::NetRule;
pub use host::output::Sink;
pub use host::secrets::Secret;
pub use jar::{Jar, bake_image, build_image, open_image_in, remove_image};
pub use limits::{
    GRACE, GRACE_HEEDED, GRACE_WALL, Limits, MEMORY_BYTES_CEILING, MIB, OnOutputLimit, TIME_MS_CEILING,
    VALUE_DEPTH_CEILING,
};
pub use mount::fault::MountFault;
pub use mount::{Mount, MountMode};
pub use outcome::{
    Applied, ChangeKind, Chunk, DirectoryEntry, Display, Ended, File, FileChange, FileKind, GuestError, Json,
    Outcome, Pending, RefusedChange, SessionState, Stream, Text, Truncated, Usage, Value,
};
pub use policy::{Packages, Policy, PolicyProblem, PolicyProblems, Reach, SecretSource, Uncovered};
pub use request::{Request, ToolAnswer};
pub use schemars;
pub use session::{Completeness, Completions, Session};
pub use snapshot::{SnapshotKey, SnapshotRefused};
pub use tool::{Tool, ToolCall};
pub use worker::jail::{Access, Inherited, Jail, Lack, Layer, Layers, Standing};
pub use worker::{WorkerProcess, Workers, WorkersBuilder};
