//! Our own failures, by whose fault they are. Code that fails is not an error here: it has an [`Outcome`](crate::Outcome).

use std::borrow::Cow;
use std::path::PathBuf;

use crate::mount::fault::MountFault;
use crate::policy::problem::PolicyProblems;
use crate::snapshot::refused::SnapshotRefused;
use crate::worker::jail::layer::{Lack, Layer};

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not run at all, or could not be reported.
///
/// [`Error::fault`] says whose fault it is. The hint, where there is one, says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A limit is outside its range.
    #[error("{limit} is {value}, but must be from {least} to {most}")]
    LimitOutOfRange {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// What was asked for.
        value: u64,
        /// The smallest value that makes sense.
        least: u64,
        /// The largest value that can be had.
        most: u64,
    },
    /// A request asked for more than the jar allows.
    #[error("the request asks for {limit} = {asked}, but the jar allows {allowed}")]
    LimitRaised {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// What the request asked for.
        asked: u64,
        /// What the jar allows.
        allowed: u64,
    },
    /// A request to a session asked to change what the session was started with.
    #[error("{limit} is a limit of the session, and cannot change for one run")]
    LimitOfSession {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
    },
    /// The code, or what it is given, is longer than it may be.
    #[error("{what} is {bytes} bytes long, but may have {most} at most")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest that is accepted.
        most: usize,
    },
    /// A NUL byte in something that is text.
    #[error("{what} contains a NUL byte at offset {offset}")]
    NulByte {
        /// What contains it.
        what: &'static str,
        /// Where it is.
        offset: usize,
    },
    /// A name that is not an identifier of the language.
    #[error("{name:?} cannot be the name of an input")]
    InputName {
        /// The name.
        name: String,
    },
    /// An input whose value is not JSON.
    #[error("input {name:?} is not JSON: {source}")]
    InputValue {
        /// The name.
        name: String,
        /// What the JSON parser said.
        source: serde_json::Error,
    },
    /// A path that a virtual file cannot have.
    #[error("{path:?} cannot be the path of a virtual file: {reason}")]
    FilePath {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// A mount that cannot be: its text, its place, or its directory is not what it must be.
    #[error("cannot mount {mount}: {fault}")]
    Mount {
        /// The mount, as `SRC:DST:MODE`.
        mount: String,
        /// What is wrong with it.
        fault: MountFault,
    },
    /// The file name says that there is markup (JSX) in the code.
    #[error("{name} has markup in it by its name, and JSX is not supported")]
    Jsx {
        /// The file name given.
        name: String,
    },
    /// An image that runs nothing by itself.
    #[error("the image {name:?} holds no engine")]
    NoEngine {
        /// Its name.
        name: String,
    },
    /// A rule of the network makes no sense, or would match too much.
    #[error("the network rule {rule:?} {problem}")]
    NetRule {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A secret cannot be one. Its value is never shown.
    #[error("the secret {name:?} {problem}")]
    Secret {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A secret whose value is in a variable that there is not.
    #[error("there is no variable {name} here, which is to hold the secret {secret}")]
    NoVariable {
        /// The variable.
        name: String,
        /// The secret.
        secret: String,
    },
    /// A policy that cannot be one.
    #[error("{0}")]
    Policy(PolicyProblems),
    /// Something was asked for that the policy does not allow.
    #[error("{policy} does not allow {asked}: {why}")]
    NotAllowed {
        /// What was asked for.
        asked: String,
        /// The policy.
        policy: String,
        /// Which of its keys refuses it.
        why: String,
    },
    /// A request asked for an environment variable that the policy does not name.
    #[error("the variable {name} is not granted: no entry of `grants.environment` names it")]
    VariableNotGranted {
        /// The variable.
        name: String,
    },
    /// A request asked for another value than the policy gives to an environment variable.
    #[error("the variable {name} cannot be changed: `grants.environment` says what it is")]
    VariableFixed {
        /// The variable.
        name: String,
    },
    /// A file that is read whole is too long for that.
    #[error("{} has more than {most} bytes", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        most: u64,
    },
    /// What should be certificates is none.
    #[error("there is no certificate in what was given as PEM")]
    Certificate,
    /// The session is running something else.
    #[error("the session is busy with another run")]
    Busy,
    /// The session has ended.
    #[error("the session is closed")]
    Closed,
    /// More forks than can be made at once.
    #[error("{count} forks are asked for, but {most} can be made at once")]
    TooManyForks {
        /// How many are asked for.
        count: usize,
        /// How many can be made.
        most: usize,
    },
    /// Snapshots are signed, and the jar has no key.
    #[error("the jar has no key for snapshots")]
    NoSnapshotKey,
    /// A snapshot that this jar cannot go on from.
    #[error("the snapshot cannot be used: {0}")]
    Snapshot(#[from] SnapshotRefused),
    /// A tool that cannot be granted.
    #[error("the tool {name:?} cannot be granted: {reason}")]
    Tool {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The session waits for answers, and was asked to run something else.
    #[error("the session is suspended: it waits for the answers to {pending} calls")]
    Suspended {
        /// How many answers it waits for.
        pending: usize,
    },
    /// The session was given answers, and waits for none.
    #[error("the session is not suspended: it waits for no answers")]
    NotSuspended,
    /// An answer that a suspended run cannot take.
    #[error("the answer to call {id} cannot be taken: {reason}")]
    ToolAnswer {
        /// Which call it answers.
        id: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// No session can be started now: all places are taken.
    #[error("all {sessions_max} places for sessions are taken")]
    Full {
        /// How many sessions may live at once in this process.
        sessions_max: u32,
    },
    /// There is no such image on this machine.
    #[error("there is no image {name:?}")]
    NoImage {
        /// Its name.
        name: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// An image that cannot be made of what was given.
    #[error("the image {name:?} cannot be made: {reason}")]
    Bake {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The image is damaged, foreign, or open to changes by others.
    #[error("the image at {} cannot be trusted: {reason}", path.display())]
    Image {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A program that cannot be a worker.
    #[error("{} cannot be a worker: {reason}", program.display())]
    WorkerProgram {
        /// The program.
        program: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A worker of another version than this program.
    #[error("{} is a worker of version {found}, and this program needs version {expected}", program.display())]
    WorkerVersion {
        /// The program.
        program: PathBuf,
        /// The version that it says it has.
        found: String,
        /// The version that is needed.
        expected: &'static str,
    },
    /// The worker died in which something was going on or a session lived.
    #[error("the worker died in which this was (fault {fault})")]
    WorkerLost {
        /// What its end is called in the log.
        fault: String,
    },
    /// The workers are shut down.
    #[error("the workers are shut down")]
    WorkersStopped,
    /// More runs wait for a worker than may.
    #[error("all workers are busy, and {most} runs wait for one already")]
    Overloaded {
        /// How many may wait.
        most: usize,
    },
    /// Layers are missing without which there is no jail, and a jail is required.
    #[error("the jail cannot be closed: {}", lacking(missing))]
    Jail {
        /// The layers, and why each is not to be had.
        missing: Vec<(Layer, Lack)>,
    },
    /// The process that started this worker has ended.
    #[error("the process that started this worker has ended")]
    ParentGone,
    /// Workers die again and again while code of this tenant runs in them.
    #[error("too many workers have died with code of this tenant in them: it is run again in {pause_ms} ms")]
    TooManyDeaths {
        /// How long to wait, in milliseconds.
        pause_ms: u64,
    },
    /// The machine did not do what it was asked to do.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A defect of ours.
    #[error("internal fault: {0}")]
    Internal(String),
}

/// Whose fault an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller asked for something that cannot be.
    Caller,
    /// The machine or its installation lacks something.
    Installation,
    /// Belljar itself is wrong.
    Belljar,
}

impl Error {
    /// Whose fault this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::LimitOutOfRange { .. }
            | Self::LimitRaised { .. }
            | Self::LimitOfSession { .. }
            | Self::TooLong { .. }
            | Self::NulByte { .. }
            | Self::InputName { .. }
            | Self::InputValue { .. }
            | Self::FilePath { .. }
            | Self::Mount { .. }
            | Self::Jsx { .. }
            | Self::NoEngine { .. }
            | Self::NetRule { .. }
            | Self::Secret { .. }
            | Self::NoVariable { .. }
            | Self::Policy(_)
            | Self::NotAllowed { .. }
            | Self::VariableNotGranted { .. }
            | Self::VariableFixed { .. }
            | Self::FileTooLong { .. }
            | Self::Certificate
            | Self::Busy
            | Self::Closed
            | Self::Tool { .. }
            | Self::Suspended { .. }
            | Self::NotSuspended
            | Self::ToolAnswer { .. }
            | Self::TooManyForks { .. }
            | Self::NoSnapshotKey
            | Self::Bake { .. }
            | Self::Snapshot(_) => Fault::Caller,
            Self::Full { .. }
            | Self::NoImage { .. }
            | Self::Image { .. }
            | Self::WorkerProgram { .. }
            | Self::WorkerVersion { .. }
            | Self::WorkersStopped
            | Self::Overloaded { .. }
            | Self::TooManyDeaths { .. }
            | Self::Jail { .. }
            | Self::ParentGone
            | Self::Io { .. } => Fault::Installation,
            Self::WorkerLost { .. } | Self::Internal(_) => Fault::Belljar,
        }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::LimitRaised { .. } => Some("a request can only lower what the jar allows"),
            Self::LimitOfSession { .. } => Some("set it on the jar that the session is made from"),
            Self::Mount { fault, .. } => Some(fault.hint()),
            Self::NetRule { .. } => Some("write HOST, HOST:PORT, *.HOST or GET,HEAD@HOST/PATH"),
            Self::Secret { .. } => {
                Some("write NAME@HOST:HEADER, for example API_TOKEN@api.example.com:Authorization")
            }
            Self::NoVariable { .. } => Some("set it first, or name a file: NAME@HOST:HEADER=FILE"),
            Self::Policy(_) => Some("`belljar policy schema` says what belongs where"),
            Self::NotAllowed { .. } | Self::VariableNotGranted { .. } | Self::VariableFixed { .. } => {
                Some("ask for less; only whoever keeps the policy can allow more")
            }
            Self::FileTooLong { .. } => Some("name another file"),
            Self::Certificate => Some("give certificates in PEM: -----BEGIN CERTIFICATE-----"),
            Self::Busy => Some("wait for the run to end, or cancel it"),
            Self::Closed => Some("start a new session from the jar"),
            Self::Tool { .. } => {
                Some("give it a name of its own, of letters, digits and _, and JSON Schemas")
            }
            Self::Suspended { .. } => Some("answer them with `Request::answers`"),
            Self::NotSuspended => Some("give it code to run"),
            Self::ToolAnswer { .. } => Some("answer the calls in `pending`, once each, with JSON"),
            Self::Bake { .. } => Some("choose other packages, fewer imports, or higher limits"),
            Self::NoSnapshotKey => Some("give the jar one with `with_snapshot_key`"),
            Self::Snapshot(_) => {
                Some("restore it with the image, limits, grants and key that it was taken with")
            }
            Self::Full { .. } => Some("drop a session first, or raise `sessions_max`"),
            Self::Jsx { .. } => {
                Some("write the elements as calls of functions, in a file that ends in .ts or .js")
            }
            Self::NoEngine { .. } => Some(
                "TypeScript is run by the engine javascript, when the name of the code ends in .ts, .mts or .cts",
            ),
            Self::NoImage { .. } => Some("run `cargo xtask setup` in the source tree to build the images"),
            Self::Image { .. } => Some("delete it and run `cargo xtask setup` to build it anew"),
            Self::WorkerProgram { .. } => Some(
                "begin `main` with `Workers::serve_if_asked()`, or name an installed `belljar` of this version",
            ),
            Self::WorkerVersion { .. } => Some("install the same version of both"),
            Self::WorkerLost { .. } => Some("run it again, in a new session; the log tells of the fault"),
            Self::WorkersStopped => Some("make new ones"),
            Self::Overloaded { .. } => Some("try again later, or raise `queue_max`"),
            Self::TooManyDeaths { .. } => Some("wait that long; the log says how the workers died"),
            Self::Jail { missing } => missing.first().map(|(layer, lack)| layer.hint(*lack)),
            Self::Internal(_) => Some("please report this, with what led to it"),
            _ => None,
        }
    }

    pub(crate) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }
}

/// Layers of the jail that are missing, on one line.
fn lacking(missing: &[(Layer, Lack)]) -> String {
    let each: Vec<String> = missing.iter().map(|(layer, lack)| format!("{layer}: {lack}")).collect();
    each.join("; ")
}
