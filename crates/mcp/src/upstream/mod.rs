//! Code mode: tools of other MCP servers, as functions that code in the jar can call.
//!
//! Another server may hang, lie, flood or die. Whatever it does, a call of its tool comes back in time, as a value that was checked or as an error.

mod link;
mod tool;

use std::time::Duration;

use self::link::Link;
pub use self::tool::UpstreamTool;

/// How long a server may take to begin, and to list its tools.
const BEGIN_TIME: Duration = Duration::from_secs(30);

/// How long a call may take, unless the run is over sooner.
const CALL_TIME: Duration = Duration::from_secs(60);

/// The longest line that is read of a server, in bytes.
const LINE_BYTES_MAX: usize = 4 << 20;

/// The most tools of one server that are offered.
const TOOLS_MAX: usize = 500;

/// How often one run may call one tool.
const CALLS_MAX: u64 = 200;

/// How many calls of one tool go on at once.
const AT_ONCE_MAX: usize = 8;

/// A program that is another MCP server, and which of its tools code may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What it is called: tools are called `NAME_TOOL` in code.
    pub name: String,
    /// The program and its arguments. It has the environment of this process: whoever starts the server trusts it.
    pub command: Vec<String>,
    /// The tools that code may call, by their own names; all, where none is named.
    pub allow: Vec<String>,
}

/// Why tools of another server cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamProblem {
    /// It cannot be started, or does not speak.
    #[error("the MCP server {name} cannot be used: {reason}")]
    Begin {
        /// Its name.
        name: String,
        /// What happened.
        reason: String,
    },
    /// It did not begin in time.
    #[error("the MCP server {name} did not begin within {} s", BEGIN_TIME.as_secs())]
    Late {
        /// Its name.
        name: String,
    },
    /// A tool that is to be allowed is not there.
    #[error("the MCP server {name} has no tool {tool}")]
    NoTool {
        /// Its name.
        name: String,
        /// The tool.
        tool: String,
    },
}

/// Starts the other server and makes functions of its tools. Those that cannot be functions (by their names or schemas) are left out, and named with the reason.
///
/// # Errors
///
/// [`UpstreamProblem`] when it does not begin, or lacks a tool that is to be allowed.
pub async fn connect(upstream: Upstream) -> Result<(Vec<UpstreamTool>, Vec<String>), UpstreamProblem> {
    let name = upstream.name.clone();
    let begun = tokio::time::timeout(BEGIN_TIME, async {
        let link = Link::new(upstream);
        let listed = link.list().await?;
        tool::tools(&link, listed)
    });
    begun.await.unwrap_or(Err(UpstreamProblem::Late { name }))
}
