//! `belljar mcp`: serves the Model Context Protocol, to a client that starts this program or over HTTP.

mod ask_args;
mod ending;
mod http_args;
mod install;
mod packages;
mod serve;
mod upstream_args;

use std::process::ExitCode;

use belljar_mcp::{Offered, ReturnForm};
use clap::{Args, Subcommand, ValueEnum};

use self::ask_args::AskArgs;
use self::http_args::HttpArgs;
use self::upstream_args::UpstreamArgs;
use crate::exit::Failure;
use crate::limit_args::LimitArgs;
use crate::package_args::PackageArgs;

/// How to serve, and what code may use and reach.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct McpArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// How clients come
    #[arg(value_enum, default_value_t = Mode::Stdio)]
    mode: Mode,
    /// Which tools to offer [default: all; of the modes of MCP Run Python: original]
    #[arg(long, value_enum, value_name = "TOOLS")]
    tools: Option<Tools>,
    /// How run_python_code writes its result
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Xml)]
    return_mode: Form,
    /// Let clients install these packages, or any with *
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    allow_install: Vec<String>,
    /// How many sessions one client may keep
    #[arg(long, value_name = "N", default_value_t = 32)]
    sessions: usize,
    /// How many worker processes run code [default: one for each processor, two at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Serve nobody where workers cannot be jailed whole
    #[arg(long, help_heading = "Jail")]
    require_jail: bool,
    /// Packages that all code has, separated by commas (the name that MCP Run Python has for --with)
    #[arg(
        long,
        alias = "dependencies",
        value_name = "NAME,...",
        value_delimiter = ',',
        help_heading = "Packages"
    )]
    deps: Vec<String>,
    /// Reach no network, whatever else is said (of MCP Run Python; nothing is reached anyway that is not granted)
    #[arg(long, help_heading = "Grants", conflicts_with = "allow_net")]
    disable_networking: bool,
    /// Accepted, and changes nothing (of MCP Run Python)
    #[arg(long, hide = true)]
    verbose: bool,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    upstream: UpstreamArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    packages: PackageArgs,
}

/// What else can be done.
#[derive(Subcommand)]
enum Verb {
    /// Print what a client's configuration needs to know of this server, or write it there
    Install(install::InstallArgs),
}

/// How clients come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// A client that starts this program and talks over its standard input and output
    Stdio,
    /// Clients that come over HTTP, to /mcp
    Http,
    /// The same with run_python_code alone (of MCP Run Python)
    #[value(alias = "streamable_http")]
    StreamableHttp,
    /// The same without sessions of the transport (of MCP Run Python)
    #[value(alias = "streamable_http_stateless")]
    StreamableHttpStateless,
    /// Run an example, and end (of MCP Run Python)
    Example,
    /// Fetch packages, and end (of MCP Run Python)
    #[value(hide = true)]
    Noop,
}

/// Which tools are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tools {
    /// Belljar's own, and run_python_code
    All,
    /// Belljar's own: runs, sessions, files, packages
    Native,
    /// run_python_code alone, as MCP Run Python has it
    Original,
}

/// How run_python_code writes its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Text with a tag around each part
    Xml,
    /// One JSON object
    Json,
}

impl From<Tools> for Offered {
    fn from(tools: Tools) -> Self {
        match tools {
            Tools::All => Self::All,
            Tools::Native => Self::Native,
            Tools::Original => Self::Original,
        }
    }
}

impl From<Form> for ReturnForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Xml => Self::Xml,
            Form::Json => Self::Json,
        }
    }
}

/// Serves clients.
pub(crate) fn mcp(args: McpArgs) -> Result<ExitCode, Failure> {
    if let Some(Verb::Install(install)) = &args.verb {
        return install::install(install);
    }
    match args.mode {
        Mode::Stdio => serve::stdio(&args),
        Mode::Http | Mode::StreamableHttp | Mode::StreamableHttpStateless => serve::http(&args),
        Mode::Example => serve::example(&args),
        Mode::Noop => serve::fetch(&args),
    }
}
