//! Cargo, started in the tree as if by hand.

use std::process::{Command, Stdio};

use crate::tree;

/// What `cargo run` tells this program of its own package. Build scripts that watch such variables (that of `ring` does) would run again each
/// time that cargo is started from here after it was started by hand, and what depends on them would be compiled again.
const OURS: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Cargo in the tree, without input.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(tree::root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|ours| name.starts_with(ours))) {
            cargo.env_remove(name);
        }
    }
    cargo
}
