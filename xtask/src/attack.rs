//! `cargo xtask attack`: installs other sandboxes into the cache and tries the catalogue of attacks on them, through `attacks/adapters`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cache::{self, Cache};
use crate::peers::{self, Package};
use crate::setup::build_program;
use crate::tree;

/// Which sandboxes.
#[derive(Args)]
pub(crate) struct AttackArgs {
    /// Sandboxes to attack: pyeryx, pydantic-monty, quickjs, quickjs-emscripten; all when none is named
    names: Vec<String>,
    /// Only programs whose name holds this
    #[arg(long)]
    only: Option<String>,
}

/// Where a package comes from.
#[derive(Clone, Copy)]
enum Registry {
    Python,
    Node,
}

/// Packages, and the program in `attacks/adapters` that speaks for each.
const SANDBOXES: [(Package, Registry, &str); 4] = [
    (peers::PYERYX, Registry::Python, "pyeryx.py"),
    (peers::MONTY, Registry::Python, "monty.py"),
    (peers::QUICKJS, Registry::Python, "quickjs_library.py"),
    (peers::QUICKJS_EMSCRIPTEN, Registry::Node, "quickjs_emscripten.mjs"),
];

/// Attacks one after the other. What does not hold is what is to be seen, and no failure.
pub(crate) fn attack(args: &AttackArgs) -> Result<()> {
    if let Some(name) = args.names.iter().find(|name| !SANDBOXES.iter().any(|(of, ..)| of.name == **name)) {
        let known: Vec<&str> = SANDBOXES.iter().map(|(of, ..)| of.name).collect();
        bail!("no sandbox is called {name}; there are {}", known.join(", "));
    }
    let cache = Cache::open()?;
    let program = build_program()?;
    let logs = tree::root().join("target/attack");
    cache::create(&logs)?;
    for (package, registry, adapter) in SANDBOXES {
        if !args.names.is_empty() && !args.names.iter().any(|name| name == package.name) {
            continue;
        }
        println!("\n{package}");
        let mut command = Command::new(&program);
        command.arg("attack").args(args.only.iter().flat_map(|only| ["--only", only]));
        match prepare(&cache, package, registry, adapter, &logs) {
            Ok((against, environment)) => command.arg("--against").arg(against).envs(environment),
            Err(why) => {
                println!("not installed: {}", peers::reason(&why));
                continue;
            }
        };
        let status = command.status().with_context(|| format!("starting {}", program.display()))?;
        // Something that does not hold has status 1; anything else is our own failure.
        if !matches!(status.code(), Some(0 | 1)) {
            bail!("{} could not be attacked ({status})", package.name);
        }
    }
    Ok(())
}

/// The command that starts an adapter, and what it must see.
fn prepare(
    cache: &Cache,
    package: Package,
    registry: Registry,
    adapter: &str,
    logs: &Path,
) -> Result<(String, Vec<(&'static str, String)>)> {
    let adapter = tree::root().join("attacks/adapters").join(adapter);
    let adapter = adapter.display();
    match registry {
        Registry::Python => {
            let wheel = peers::wheel(cache, package, logs)?;
            Ok((format!("{} -B {adapter}", wheel.python), wheel.environment().to_vec()))
        }
        Registry::Node => {
            let Some(major) = peers::node() else { bail!("there is no node on this machine") };
            let folder = peers::node_package(cache, package, major, logs)?;
            Ok((format!("node {adapter}"), vec![("PEER_FOLDER", folder.display().to_string())]))
        }
    }
}
