//! From the command line to a server that serves.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use belljar::{Jar, Request, Runtime, Workers};
use belljar_mcp::{Offered, Packages, Server, Settings, answer_of, serve_http, serve_stdio};

use super::packages::Allowed;
use super::{McpArgs, Mode, ending, upstream_args};
use crate::exit::Failure;
use crate::open::{self, DEFAULT_ENGINE};
use crate::package_args::Wanted;
use crate::render;

/// What JavaScript runs in.
const JAVASCRIPT: &str = "javascript";

/// How much output a run has unless somebody says otherwise: a model reads all of it.
const OUTPUT_BYTES: u64 = 128 * 1024;

/// What `example` runs.
const EXAMPLE: &str =
    "import statistics\nheights = [1.62, 1.75, 1.81]\nprint('heights:', heights)\nstatistics.mean(heights)";

/// Serves the client that has started this program.
pub(super) fn stdio(args: &McpArgs) -> Result<ExitCode, Failure> {
    let offered = args.tools.map_or(Offered::All, Offered::from);
    let runtime = runtime()?;
    let (server, workers) = server(args, offered, &runtime)?;
    runtime.block_on(async {
        serve_stdio(&server, tokio::io::stdin(), tokio::io::stdout()).await;
        workers.shutdown(Duration::ZERO).await;
    });
    // Standard input may be read still, and cannot be let go of.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Serves clients that come over HTTP, until the process is asked to end.
pub(super) fn http(args: &McpArgs) -> Result<ExitCode, Failure> {
    let usual = if args.mode == Mode::Http { Offered::All } else { Offered::Original };
    let settings = args.http.settings(args.mode == Mode::StreamableHttpStateless)?;
    let (runtime, asked) = (runtime()?, ending::asked()?);
    let (server, workers) = server(args, args.tools.map_or(usual, Offered::from), &runtime)?;
    let address = args.http.address();
    let is_open = settings.tokens.are_none();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener =
            listener.map_err(|error| Failure::system(format!("cannot listen on {address}"), error))?;
        let bound = listener.local_addr().unwrap_or(address);
        let open =
            if is_open { ", for every program of this machine (--token-file names who may ask)" } else { "" };
        render::note(&format!("serving http://{bound}/mcp{open}"));
        serve_http(&server, settings, listener, asked).await;
        workers.shutdown(Duration::ZERO).await;
        Ok::<(), Failure>(())
    })?;
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Runs an example and shows what a model would see.
pub(super) fn example(args: &McpArgs) -> Result<ExitCode, Failure> {
    let opened = Opened::new(args)?;
    let Some(jar) = opened.jar(DEFAULT_ENGINE)? else {
        return Err(Failure::usage("the image of python is not installed", "run `cargo xtask setup`"));
    };
    let outcome = jar.run_blocking(Request::new(EXAMPLE).name("main.py"))?;
    render::print(format!("{}\n", answer_of(&outcome, args.return_mode.into())).as_bytes())?;
    Ok(crate::exit::of_outcome(&outcome))
}

/// Fetches the packages, and nothing else.
pub(super) fn fetch(args: &McpArgs) -> Result<ExitCode, Failure> {
    let opened = Opened::new(args)?;
    opened.jar(DEFAULT_ENGINE)?;
    Ok(ExitCode::SUCCESS)
}

/// A server, and the workers in which its code runs.
fn server(
    args: &McpArgs,
    offered: Offered,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Server, Workers), Failure> {
    let mut opened = Opened::new(args)?;
    let functions = args.upstream.functions(runtime)?;
    opened.allowed.grants = upstream_args::granted(opened.allowed.grants, &functions)?;
    let workers = workers(args, &opened);
    let jail = |jar: Option<Jar>| jar.map(|jar| jar.in_workers(&workers)).transpose();
    let plain = opened.jar_without_packages(DEFAULT_ENGINE)?;
    let python = jail(opened.jar(DEFAULT_ENGINE)?)?;
    let javascript = match offered.has_native() {
        true => jail(opened.jar(JAVASCRIPT)?)?,
        false => None,
    };
    if python.is_none() && javascript.is_none() {
        let message = "no image is there that could be run";
        return Err(Failure::usage(message, "run `cargo xtask setup`, or allow an engine in the policy"));
    }
    let policy = opened.allowed.policy.as_ref();
    let packages = plain
        .and_then(|plain| Allowed::new(&args.allow_install, policy, &opened.packages, &plain, &workers))
        .map(|allowed| Arc::new(allowed) as Arc<dyn Packages>);
    let askable = args.ask.askable(policy)?;
    if args.disable_networking && !askable.net.is_empty() {
        let message = "--disable-networking stands against --ask-net";
        return Err(Failure::usage(message, "leave one of them out"));
    }
    let settings = Settings {
        askable,
        python,
        javascript,
        offered,
        return_form: args.return_mode.into(),
        is_open_world: opened.reaches_network || !functions.is_empty(),
        packages,
        functions,
        sessions_max: args.sessions,
        ..Settings::default()
    };
    Ok((Server::new(settings), workers))
}

fn workers(args: &McpArgs, opened: &Opened) -> Workers {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processes = args.workers.map_or(processors.min(2), usize::from);
    let builder = Workers::builder(processes);
    let requires =
        args.require_jail || opened.allowed.policy.as_ref().is_some_and(belljar::Policy::requires_jail);
    if requires { builder.require_jail().build() } else { builder.build() }
}

/// What was allowed, and what jars are made of.
struct Opened {
    runtime: Runtime,
    allowed: crate::limit_args::Allowed,
    packages: Wanted,
    reaches_network: bool,
}

impl Opened {
    fn new(args: &McpArgs) -> Result<Self, Failure> {
        let runtime = open::single()?;
        let mut allowed = open::allowed(&runtime, DEFAULT_ENGINE, &args.limits)?;
        if allowed.policy.is_none() && !args.limits.names_output() {
            allowed.limits.output_bytes = OUTPUT_BYTES;
        }
        let packages = args.packages.and(&args.deps).wanted(allowed.policy.as_ref())?;
        let reaches_network = args.limits.reaches_network(allowed.policy.as_ref());
        if args.disable_networking && reaches_network {
            let message = "--disable-networking stands against the hosts that the policy grants";
            return Err(Failure::usage(message, "use a policy without `grants.net`"));
        }
        Ok(Self { runtime, allowed, packages, reaches_network })
    }

    /// A jar of an engine, or none where that is not installed or not allowed.
    fn jar(&self, engine: &str) -> Result<Option<Jar>, Failure> {
        self.made(engine, &self.packages)
    }

    fn jar_without_packages(&self, engine: &str) -> Result<Option<Jar>, Failure> {
        self.made(engine, &self.packages.none())
    }

    fn made(&self, engine: &str, packages: &Wanted) -> Result<Option<Jar>, Failure> {
        let policy = self.allowed.policy.as_ref();
        if policy.is_some_and(|policy| policy.check_engine(engine).is_err()) {
            return Ok(None);
        }
        let is_there = belljar::Image::installed(&self.runtime).iter().any(|image| image == engine);
        if !is_there {
            return Ok(None);
        }
        let none = packages.none();
        let packages = if engine == DEFAULT_ENGINE { packages } else { &none };
        open::jar(&self.runtime, engine, self.allowed.clone(), packages).map(Some)
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::system("cannot start threads", error))
}
