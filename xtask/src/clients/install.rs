//! Packages of clients, each in the version that a list in `clients/packages` pins, with all that they need. Nothing of a package is run to install it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::cache::{self, Cache};
use crate::fetch::npm;
use crate::peers;
use crate::tree;

/// Where a client's packages come from, and the list of them.
#[derive(Clone, Copy)]
pub(super) enum Packages {
    /// The Python registry: a file with lines `NAME==VERSION`.
    Python(&'static str),
    /// The Node registry: a folder with `package.json` and `package-lock.json`.
    Node(&'static str),
}

impl Packages {
    /// Installs them into the cache, unless they are there, and gives what runs a program that uses them.
    pub(super) fn install(self, cache: &Cache, logs: &Path) -> Result<Command> {
        match self {
            Self::Python(list) => python(cache, list, logs),
            Self::Node(folder) => node(cache, folder, logs),
        }
    }
}

fn python(cache: &Cache, list: &str, logs: &Path) -> Result<Command> {
    let list = tree::root().join("clients/packages").join(list);
    let wheels = peers::wheels(cache, &list, logs)?;
    let mut command = Command::new(&wheels.python);
    command.arg("-B").envs(wheels.environment());
    Ok(command)
}

fn node(cache: &Cache, name: &str, logs: &Path) -> Result<Command> {
    let log = logs.join(format!("install-{name}.log"));
    cache::write(&log, "")?;
    // One Node for all, whatever this machine has: some clients want a newer one.
    let node = npm::node(cache)?;
    let pins = tree::root().join("clients/packages").join(name);
    let folder = npm::locked(cache, &format!("client-{name}"), &pins, &log)?;
    let mut command = Command::new(node);
    command.env("PEER_FOLDER", folder);
    Ok(command)
}
