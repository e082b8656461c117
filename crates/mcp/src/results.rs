//! What tools give, as objects. The types are what the schemas of results are made from.

use belljar::DirectoryEntry;
use schemars::JsonSchema;
use serde::Serialize;

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneSession {
    /// Its handle, for other tools.
    pub(crate) session: String,
    /// What it runs.
    pub(crate) language: String,
}

/// Copies of a session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sessions {
    /// Their handles.
    pub(crate) sessions: Vec<String>,
}

/// A session that has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClosedSession {
    /// The handle that it had.
    pub(crate) closed: String,
}

/// The sessions of a client.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedSessions {
    pub(crate) sessions: Vec<SeenSession>,
}

/// What there is to know of a session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenSession {
    /// Its handle.
    pub(crate) session: String,
    /// What it runs.
    pub(crate) language: String,
    /// How many runs it has had.
    pub(crate) runs: u64,
    /// Whether something runs in it now.
    pub(crate) busy: bool,
    /// Whether it is there for the files that its only run left.
    pub(crate) finished: bool,
    /// How many seconds nobody has used it.
    pub(crate) idle_s: u64,
}

/// A file that was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenFile {
    pub(crate) path: String,
    pub(crate) size_bytes: usize,
}

/// A file that was read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadFile {
    pub(crate) path: String,
    pub(crate) size_bytes: usize,
    /// What it holds, written as was asked for.
    pub(crate) content: String,
}

/// What a directory holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedFiles {
    pub(crate) path: String,
    pub(crate) entries: Vec<DirectoryEntry>,
}

/// What is installed now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstalledPackages {
    /// All packages that sessions and runs of Python have from now on.
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What the user has granted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantedAccess {
    /// Hosts that sessions and runs from now on can speak with.
    pub(crate) hosts: Vec<String>,
    /// Directories that they find.
    pub(crate) mounts: Vec<String>,
}

/// Functions that were found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoundFunctions {
    /// How many functions there are that fit.
    pub(crate) count: usize,
    /// Their names, the best first; 20 at most.
    pub(crate) names: Vec<String>,
    /// How the language declares them.
    pub(crate) declarations: String,
}
