//! The suite and all that it needs, in the versions that `conformance/mcp` pins. Nothing of a package is run to install it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache::{self, Cache};
use crate::fetch::npm;
use crate::tree;

/// Where the suite lies in its folder.
const PACKAGE: &str = "node_modules/@modelcontextprotocol/conformance";

/// The suite, ready to run.
pub(super) struct Suite {
    pub(super) node: PathBuf,
    pub(super) program: PathBuf,
    package: PathBuf,
}

/// Installs it into the cache, unless it is there.
pub(super) fn suite(cache: &Cache, logs: &Path) -> Result<Suite> {
    // It wants a newer Node than many machines have.
    let node = npm::node(cache)?;
    let pins = tree::root().join("conformance/mcp");
    let folder = npm::locked(cache, "mcp-conformance", &pins, &logs.join("install.log"))?;
    let package = folder.join(PACKAGE);
    Ok(Suite { node, program: package.join("dist/index.js"), package })
}

impl Suite {
    /// The scenarios that a server must pass in a revision.
    pub(super) fn required(&self, revision: &str) -> Result<Vec<String>> {
        let file = self.package.join(format!("requirements/{revision}.yaml"));
        let text = String::from_utf8(cache::read(&file)?).context("the suite's requirements are no text")?;
        let required = required(&text);
        if required.is_empty() {
            bail!("{} requires nothing of a server", file.display());
        }
        Ok(required)
    }
}

/// The names in the list `server`: lines `  - NAME` below a line `server:`.
fn required(text: &str) -> Vec<String> {
    let below = text.lines().skip_while(|line| *line != "server:").skip(1);
    let names = below.map_while(|line| line.strip_prefix("  - "));
    names.map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_must_pass_is_one_list_of_several() {
        let text = "# server:\nserver:\n  - ping\n  - tools-list\n\nclient:\n  - initialize\n";
        assert_eq!(required(text), ["ping", "tools-list"]);
        assert_eq!(required("client:\n  - initialize\n"), [""; 0]);
    }
}
