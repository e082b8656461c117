//! Code mode: tools of other MCP servers, as functions that code in the jar can call.
//!
//! Another server may hang, lie, flood or die. Whatever it does, a call of its tool comes back in time, as a value that was checked or as an error.

mod link;
mod tool;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

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

/// How often one run may call one tool, unless it is said otherwise.
const CALLS_MAX: u64 = 200;

/// How many calls of one tool go on at once.
const AT_ONCE_MAX: usize = 8;

/// Another MCP server, and what code may do with its tools.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// What it is called: tools are called `NAME_TOOL` in code.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The tools that code may call, by their own names; all, where none is named.
    pub allow: Vec<String>,
    /// The tools each call of which the person at the client must agree to; `*` for all.
    pub approve: Vec<String>,
    /// JSON Schemas that arguments must fit as well as the tool's own, by the names of tools.
    pub narrow: Vec<(String, Value)>,
    /// How often one run may call one of its tools.
    pub calls_max: u64,
}

/// Where another MCP server is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A program and its arguments. It has the environment of this process: whoever starts the server trusts it.
    Program(Vec<String>),
    /// An address of streamable HTTP, and the bearer token that is sent there.
    Http {
        /// The address.
        url: String,
        /// The token.
        token: Option<String>,
    },
}

impl Place {
    /// The server at an address.
    ///
    /// # Errors
    ///
    /// What is wrong with the address, or with sending it a token: one that is readable on the way.
    pub fn http(url: &str, token: Option<String>) -> Result<Self, &'static str> {
        let parsed = reqwest::Url::parse(url).map_err(|_| "it is no URL")?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err("it is no URL of HTTP");
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("a URL holds no password");
        }
        let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if token.is_some() && parsed.scheme() == "http" && !is_here {
            return Err("a token is sent over https only, but to this machine");
        }
        Ok(Self::Http { url: url.to_owned(), token })
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(command) => f.debug_tuple("Program").field(command).finish(),
            // Not the token.
            Self::Http { url, .. } => f.debug_struct("Http").field("url", url).finish_non_exhaustive(),
        }
    }
}

impl Upstream {
    /// A server all of whose tools may be called.
    #[must_use]
    pub fn new(name: impl Into<String>, place: Place) -> Self {
        Self {
            name: name.into(),
            place,
            allow: Vec::new(),
            approve: Vec::new(),
            narrow: Vec::new(),
            calls_max: CALLS_MAX,
        }
    }

    /// The first of the tools that are named for something and are not among these.
    fn missing<'a>(&'a self, listed: &[rmcp::model::Tool]) -> Option<&'a str> {
        let narrowed = self.narrow.iter().map(|(name, _)| name);
        let mut named = self.allow.iter().chain(&self.approve).chain(narrowed).map(String::as_str);
        named.find(|name| *name != "*" && !listed.iter().any(|tool| tool.name == *name))
    }
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
    /// A schema that narrows arguments is none.
    #[error("the arguments of {name}'s tool {tool} cannot be narrowed: {reason}")]
    Narrow {
        /// Its name.
        name: String,
        /// The tool.
        tool: String,
        /// What is wrong with the schema.
        reason: String,
    },
    /// A tool that is named for something is not there.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_sent_where_others_read_it() {
        let token = || Some("t".to_owned());
        for good in [
            "https://x.example.com/mcp",
            "http://127.0.0.1:3001/mcp",
            "http://[::1]:1/",
            "http://localhost/mcp",
        ] {
            assert!(Place::http(good, token()).is_ok(), "{good}");
        }
        assert!(Place::http("http://x.example.com/mcp", None).is_ok());
        for wrong in [
            "http://x.example.com/mcp",
            "http://127.0.0.1.example.com/",
            "ftp://x/",
            "https://a:b@x/",
            "https://",
            "x",
        ] {
            assert!(Place::http(wrong, token()).is_err(), "{wrong}");
        }
        assert!(!format!("{:?}", Place::http("https://x/", token())).contains("\"t\""));
    }
}
