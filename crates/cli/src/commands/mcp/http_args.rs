//! Where the server listens, and who may ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use belljar_mcp::{HttpSettings, TokenProblem, Tokens};
use clap::Args;

use crate::exit::Failure;

/// Where it listens unless it is told otherwise: this machine alone.
const PORT: u16 = 3001;

/// The largest file of tokens that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The variable with a token, where there is but one.
const VARIABLE: &str = "BELLJAR_MCP_TOKEN";

/// Where the server listens, and who may ask.
#[derive(Args, Clone, Debug)]
pub(super) struct HttpArgs {
    /// Where to listen [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "HTTP", conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// Listen on this port of this machine
    #[arg(long, value_name = "PORT", help_heading = "HTTP")]
    port: Option<u16>,
    /// Keep no sessions of the transport for clients of older revisions (those made with session_create are kept)
    #[arg(long, help_heading = "HTTP")]
    stateless: bool,
    /// Serve only those who hold a token of this file: lines NAME TOKEN [env: BELLJAR_MCP_TOKEN for a single token]
    #[arg(long, value_name = "FILE", help_heading = "HTTP")]
    token_file: Option<PathBuf>,
    /// Answer to this name too (Host), besides localhost
    #[arg(long, value_name = "NAME", help_heading = "HTTP")]
    host: Vec<String>,
    /// Let pages of this origin ask, besides those of this machine
    #[arg(long, value_name = "https://HOST[:PORT]", help_heading = "HTTP")]
    origin: Vec<String>,
    /// How many requests one client may make in a second, in the long run
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = "HTTP", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Tell clients where they get tokens: an OAuth authorization server
    #[arg(long, value_name = "URL", help_heading = "HTTP")]
    authorization_server: Vec<String>,
    /// Offer also what the protocol's conformance suite asks for: for `cargo xtask mcp`, and of no use to anybody else
    #[arg(long, hide = true)]
    conformance: bool,
}

impl HttpArgs {
    /// Where to listen.
    pub(super) fn address(&self) -> SocketAddr {
        let of_port = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.unwrap_or(PORT)));
        self.listen.unwrap_or(of_port)
    }

    /// How to serve, if that is safe: whoever can be reached from elsewhere knows who asks.
    pub(super) fn settings(&self, is_stateless: bool) -> Result<HttpSettings, Failure> {
        let tokens = self.tokens()?;
        let address = self.address();
        if tokens.are_none() && !address.ip().is_loopback() {
            let message =
                format!("{address} can be reached from other machines, and anybody could run code there");
            return Err(Failure::usage(message, "give tokens with --token-file, or listen on 127.0.0.1"));
        }
        Ok(HttpSettings {
            tokens,
            hosts: self.host.clone(),
            origins: self.origin.clone(),
            is_stateful: !(self.stateless || is_stateless),
            requests_per_second: self.rate,
            authorization_servers: self.authorization_server.clone(),
            has_fixtures: self.conformance,
            ..HttpSettings::default()
        })
    }

    fn tokens(&self) -> Result<Tokens, Failure> {
        let wrong = |place: String, problem: TokenProblem| {
            Failure::usage(
                format!("{place}: {problem}"),
                "write a line NAME TOKEN for each client; `openssl rand -hex 32` makes a token",
            )
        };
        if let Some(file) = &self.token_file {
            let text = read(file)?;
            return Tokens::parse(&text).map_err(|problem| wrong(file.display().to_string(), problem));
        }
        match std::env::var(VARIABLE) {
            Ok(token) => Tokens::parse(&format!("client {token}"))
                .map_err(|problem| wrong(VARIABLE.to_owned(), problem)),
            Err(std::env::VarError::NotPresent) => Ok(Tokens::default()),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Failure::usage(format!("{VARIABLE} is not UTF-8"), "set it to a token"))
            }
        }
    }
}

/// The text of a file of tokens, which nobody else may read.
fn read(file: &Path) -> Result<String, Failure> {
    use std::os::unix::fs::MetadataExt;
    let doing = || format!("cannot read {}", file.display());
    let seen = std::fs::metadata(file).map_err(|error| Failure::system(doing(), error))?;
    if seen.mode() & 0o077 != 0 {
        let message = format!("{} can be read by others", file.display());
        return Err(Failure::usage(message, format!("chmod 600 {}", file.display())));
    }
    if seen.len() > FILE_BYTES_MAX {
        return Err(Failure::usage(
            format!("{} has more than {FILE_BYTES_MAX} bytes", file.display()),
            "name another file",
        ));
    }
    std::fs::read_to_string(file).map_err(|error| Failure::system(doing(), error))
}
