//! The second ring: sessions in child processes under an operating-system jail.
//!
//! `workers` is what a program asks for. `board` knows which workers there are and who waits for one (`queue`); `listen` is the thread that starts
//! one (`process`), bounds it (`cgroups`), hears it (`channel`, `frame`, `memory`) and sees to its end; `peer` is one worker as its parent sees it, `calls` what was
//! asked of it and may come of that, `waiting` whoever waits. `away` is a session that lives there; `asked` and `claim` are a request and an outcome on their way. `inside` is the
//! other side: the life of a worker.

mod asked;
mod away;
mod board;
mod budget;
mod calls;
mod cgroups;
mod channel;
mod claim;
mod collected;
mod form;
mod frame;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzed;
mod idle;
mod inside;
pub(crate) mod jail;
mod listen;
mod memory;
mod peer;
mod process;
mod queue;
mod ran;
mod refusal;
mod seated;
mod served;
pub(crate) mod services;
mod settings;
mod waiting;
mod workers;

pub(crate) use asked::Last;
pub(crate) use away::{RemoteFork, RemoteSession};
pub(crate) use board::Board;
pub(crate) use form::{JarParts, KnownJar, Remote};
pub(crate) use frame::{ImagePlace, Kind};
pub(crate) use ran::run_once;
pub use workers::{WorkerProcess, Workers, WorkersBuilder};
