//! `cargo xtask fuzz`: runs fuzz targets (`fuzz/`) for a while each.
//!
//! What is fuzzed is safe Rust, so no sanitizer is needed, and with none the pinned compiler does: coverage comes from LLVM's own pass.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cache;
use crate::setup::target_folder;
use crate::tool::Tool;
use crate::tree;

/// The version that we use.
const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

/// The longest input that is tried. Longer ones find nothing that these do not, only later.
const INPUT_BYTES_MAX: u32 = 4096;

/// Which targets, and for how long.
#[derive(Args)]
pub(crate) struct FuzzArgs {
    /// Targets to run; all when none is named
    names: Vec<String>,
    /// How long each of them runs
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u32,
}

/// Runs the targets asked for, one after the other, and stops at the first finding.
pub(crate) fn fuzz(args: &FuzzArgs) -> Result<()> {
    let known = targets()?;
    if let Some(name) = args.names.iter().find(|name| !known.contains(name)) {
        bail!("no target is called {name}; there are {}", known.join(", "));
    }
    let program = FUZZ.program()?;
    let out = target_folder().join("fuzz");
    for name in if args.names.is_empty() { &known } else { &args.names } {
        // What a run finds interesting is kept for the next one; what is worth keeping for ever is a seed.
        let corpus = out.join("corpus").join(name);
        cache::create(&corpus)?;
        let mut command = Command::new(&program);
        command.args(["fuzz", "run", "--sanitizer", "none", "--target-dir"]).arg(&out).arg(name).arg(&corpus);
        let seeds = tree::root().join("fuzz/seeds").join(name);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        command.arg("--").arg(format!("-max_total_time={}", args.seconds));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}")).arg("-print_final_stats=1");
        command.current_dir(tree::root()).stdin(Stdio::null());
        let status = command.status().context("starting cargo-fuzz")?;
        if !status.success() {
            bail!("{name} found something ({status}); the input is in fuzz/artifacts/{name}");
        }
    }
    Ok(())
}

/// The targets that there are, by their files.
fn targets() -> Result<Vec<String>> {
    let folder = tree::root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry.with_context(|| format!("listing {}", folder.display()))?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_declared() {
        let manifest =
            String::from_utf8(cache::read(&tree::root().join("fuzz/Cargo.toml")).unwrap()).unwrap();
        for name in targets().unwrap() {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
        }
    }
}
