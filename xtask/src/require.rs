//! The programs of this machine that builds need. A missing one is answered with one sentence that says what to install.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// A program, how to see that it works, and what brings it on Debian.
pub(crate) struct Tool {
    name: &'static str,
    check: &'static [&'static str],
    install: &'static str,
}

/// The C compiler, for programs that run on this machine while an engine is built.
pub(crate) const GCC: Tool = Tool { name: "gcc", check: &["gcc", "--version"], install: "gcc" };
/// The build system of CPython.
pub(crate) const MAKE: Tool = Tool { name: "make", check: &["make", "--version"], install: "make" };
/// Unpacks sources.
pub(crate) const TAR: Tool = Tool { name: "tar", check: &["tar", "--version"], install: "tar" };
/// Unpacks what Debian compresses.
pub(crate) const XZ: Tool = Tool { name: "xz", check: &["xz", "--version"], install: "xz-utils" };
/// Gets Debian source packages.
pub(crate) const APT: Tool = Tool { name: "apt-get", check: &["apt-get", "--version"], install: "apt" };
/// Knows which files belong to the tree.
pub(crate) const GIT: Tool = Tool { name: "git", check: &["git", "--version"], install: "git" };
/// The client of the Rust registry.
pub(crate) const CARGO: Tool = Tool { name: "cargo", check: &["cargo", "--version"], install: "cargo" };
/// Unpacks wheels.
pub(crate) const PYTHON: Tool =
    Tool { name: "python3", check: &["python3", "--version"], install: "python3" };
/// The client of the Python registry.
pub(crate) const PIP: Tool =
    Tool { name: "pip", check: &["python3", "-m", "pip", "--version"], install: "python3-pip" };
/// The client of the JavaScript registry.
pub(crate) const NPM: Tool = Tool { name: "npm", check: &["npm", "--version"], install: "npm" };

/// Fails unless every tool works, naming all that are missing at once.
pub(crate) fn require(tools: &[&Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools.iter().copied().filter(|tool| !works(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
    let packages: Vec<&str> = missing.iter().map(|tool| tool.install).collect();
    bail!("missing on this machine: {}; on Debian: apt-get install {}", names.join(", "), packages.join(" "))
}

/// Whether a tool is here and runs.
pub(crate) fn works(tool: &Tool) -> bool {
    let [program, arguments @ ..] = tool.check else { return false };
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
