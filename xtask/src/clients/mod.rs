//! `cargo xtask clients`: real clients of the Model Context Protocol, each with a program in `clients/` that holds what it gets from `belljar mcp`
//! against what it must be.

mod install;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use self::install::Packages;
use crate::cache::{self, Cache};
use crate::peers;
use crate::require::{self, require};
use crate::server::Server;
use crate::setup::build_program;
use crate::tree;

/// Which clients, or what else to do with them.
#[derive(Args)]
pub(crate) struct ClientsArgs {
    /// Clients to run, by the name of their program in `clients/`; all when none is named
    names: Vec<String>,
    /// Instead, have twenty clients do good and hostile things at once over HTTP
    #[arg(long, conflicts_with_all = ["names", "start"])]
    load: bool,
    /// How long that goes on
    #[arg(long, value_name = "N", default_value_t = 300, requires = "load")]
    seconds: u32,
    /// Instead, measure the time from starting a server to its first result, next to a plain Python process
    #[arg(long, conflicts_with = "names")]
    start: bool,
}

/// A client: its program, what it is and in which version, and the packages that it comes in.
struct Client {
    program: &'static str,
    what: &'static str,
    packages: Packages,
}

const CLIENTS: [Client; 9] = [
    Client { program: "mcp_1.py", what: "PyPI mcp 1.30.0", packages: Packages::Python("mcp_1.txt") },
    Client { program: "mcp_2.py", what: "PyPI mcp 2.3.0", packages: Packages::Python("mcp_2.txt") },
    Client {
        program: "fastmcp_client.py",
        what: "PyPI fastmcp 4.2.3",
        packages: Packages::Python("fastmcp.txt"),
    },
    Client {
        program: "pydantic_ai_agent.py",
        what: "PyPI pydantic-ai-slim 2.68.0",
        packages: Packages::Python("pydantic_ai.txt"),
    },
    Client {
        program: "openai_agents.py",
        what: "PyPI openai-agents 0.24.0",
        packages: Packages::Python("openai_agents.txt"),
    },
    Client {
        program: "run_python_helper.py",
        what: "PyPI mcp-run-python 0.0.22",
        packages: Packages::Python("mcp_run_python.txt"),
    },
    Client {
        program: "sdk_1.mjs",
        what: "npm @modelcontextprotocol/sdk 1.32.2",
        packages: Packages::Node("typescript"),
    },
    Client {
        program: "client_2.mjs",
        what: "npm @modelcontextprotocol/client 2.4.0",
        packages: Packages::Node("typescript"),
    },
    Client {
        program: "inspector.mjs",
        what: "npm @modelcontextprotocol/inspector 2.12.0",
        packages: Packages::Node("inspector"),
    },
];

/// How many checks of all clients passed and failed, and how many clients could not be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) missing: u64,
}

/// Runs the clients named, or does what else was asked for.
pub(crate) fn clients(args: &ClientsArgs) -> Result<()> {
    if args.load {
        return alone("load.py", &[&args.seconds.to_string()]);
    }
    if args.start {
        return alone("start.py", &[]);
    }
    let stem = |client: &Client| client.program.split('.').next().unwrap_or_default();
    if let Some(name) = args.names.iter().find(|name| !CLIENTS.iter().any(|client| stem(client) == **name)) {
        let known: Vec<&str> = CLIENTS.iter().map(stem).collect();
        bail!("no client is called {name}; there are {}", known.join(", "));
    }
    let is_asked =
        |client: &&Client| args.names.is_empty() || args.names.iter().any(|name| name == stem(client));
    let checked = check(&CLIENTS.iter().filter(is_asked).collect::<Vec<_>>())?;
    if checked.failed > 0 || checked.missing > 0 {
        bail!("{} checks failed, {} clients could not be had", checked.failed, checked.missing);
    }
    Ok(())
}

/// Runs all clients. `cargo xtask test` does, too.
pub(crate) fn all() -> Result<Checked> {
    check(&CLIENTS.iter().collect::<Vec<_>>())
}

/// Runs a program that needs no packages, its output shown.
fn alone(program: &str, arguments: &[&str]) -> Result<()> {
    require(&[&require::PYTHON])?;
    let belljar = build_program()?;
    let mut python = Command::new("python3");
    python.arg("-B").arg(place(program)).arg(belljar).args(arguments).stdin(Stdio::null());
    let status = python.status().context("starting python3")?;
    if status.success() { Ok(()) } else { bail!("{program} failed ({status})") }
}

/// Runs clients one after the other, says what each found, and ends with a table.
fn check(clients: &[&Client]) -> Result<Checked> {
    let cache = Cache::open()?;
    let belljar = build_program()?;
    let logs = tree::root().join("target/clients");
    cache::create(&logs)?;
    let server = Server::start(&belljar, &[])?;
    let mut all = Checked::default();
    let mut table = String::new();
    for client in clients {
        println!("{}: {}", client.what, client.program);
        let begun = Instant::now();
        let (checked, word) = match client.packages.install(&cache, &logs) {
            Ok(command) => {
                let checked = client.run(command, (belljar.as_path(), server.url()), &logs)?;
                (checked, if checked.failed == 0 { "ok" } else { "FAILED" }.to_owned())
            }
            Err(error) => {
                let why = format!("not installed: {}", peers::reason(&error));
                println!("{why}");
                (Checked { missing: 1, ..Checked::default() }, why)
            }
        };
        let Checked { passed, failed, .. } = checked;
        let seconds = begun.elapsed().as_secs_f64();
        table += &format!("  {:<43} {passed:4} {failed:4} {seconds:6.1} s  {word}\n", client.what);
        all = Checked {
            passed: all.passed + passed,
            failed: all.failed + failed,
            missing: all.missing + checked.missing,
        };
    }
    server.end()?;
    print!("\n  {:<43}   ok fail     time\n{table}", "client");
    Ok(all)
}

impl Client {
    /// Runs the program, shows what failed, and counts.
    fn run(&self, mut command: Command, (belljar, url): (&Path, &str), logs: &Path) -> Result<Checked> {
        let log = logs.join(format!("{}.log", self.program));
        let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        command.arg(place(self.program)).arg(belljar).arg(url);
        command.stdin(Stdio::null()).stderr(file);
        let output = command.stdout(Stdio::piped()).output();
        let output = output.with_context(|| format!("starting {}", self.program))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let mut checked = counted(&said);
        if checked.failed > 0 {
            print!("{said}");
        } else if !output.status.success() || checked.passed == 0 {
            checked.failed = 1;
            println!(
                "{said}{}the program did not come to its end ({})",
                String::from_utf8_lossy(&cache::read(&log)?),
                output.status
            );
        }
        Ok(checked)
    }
}

/// Where a program of `clients/` is.
fn place(program: &str) -> PathBuf {
    tree::root().join("clients").join(program)
}

/// The checks in what a program prints.
fn counted(said: &str) -> Checked {
    let with = |word: &str| said.lines().map(|line| u64::from(line.starts_with(word))).sum::<u64>();
    Checked { passed: with("ok "), failed: with("FAILED "), missing: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted() {
        let said =
            "-- http\nok      a\nok      b\nFAILED  c\n        found    ok 1\n        expected FAILED 2\n";
        assert_eq!(counted(said), Checked { passed: 2, failed: 1, missing: 0 });
    }
}
