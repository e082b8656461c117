//! `cargo xtask setup`: from a fresh checkout to a program that runs code.
//!
//! Every step leaves something finished in the cache or in `target`, and is skipped or short when it is there. So the command can be
//! interrupted and repeated, and needs no network the second time.

pub(crate) mod examples;
mod images;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::progress::Progress;
use crate::require::{self, require};
use crate::{engines, packages, tree};

/// The engines, the quickest to build first: what is wrong with a machine shows early.
const ENGINES: [&str; 4] = ["typescript", "microjs", "javascript", "python"];

/// Checks the machine, builds engines, program and images, and runs the examples.
pub(crate) fn setup() -> Result<()> {
    let cache = Cache::open()?;
    let steps = 4 + 2 * ENGINES.len() + examples::EXAMPLES.len();
    let progress = Progress::begin("setup", steps, &cache.root().join("logs/setup.log"))?;
    progress.step("look for what the builds need", check_machine)?;
    progress.step("fetch the crates", || cargo(&["fetch", "--locked"]))?;
    progress.step("fetch the packages that tests use", packages::packages)?;
    for name in ENGINES {
        progress.step(&format!("build the engine {name}"), || engines::engine(&cache, name))?;
    }
    let program = progress.step("build the program", build_program)?;
    for name in ENGINES {
        progress.step(&format!("make the image {name}"), || images::make(&cache, &program, name))?;
    }
    for example in &examples::EXAMPLES {
        progress.step(&format!("run an example: {}", example.shown()), || example.show(&program))?;
    }
    progress.finish(&format!("{} is ready", program.display()));
    println!("Try: {} run -c 'print(6 * 7)'", program.display());
    Ok(())
}

/// Names all that is missing at once, so that nothing fails ten minutes in.
fn check_machine() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("Belljar is built on Linux on x86-64: the compiler of its engines is pinned for that");
    }
    require(&[
        &require::CARGO,
        &require::GCC,
        &require::MAKE,
        &require::TAR,
        &require::XZ,
        &require::PYTHON,
        &require::PIP,
        &require::APT,
        &require::GIT,
    ])
}

/// Builds the program. Cargo itself shows how far it is.
pub(crate) fn build_program() -> Result<PathBuf> {
    build(&["--bin", "belljar"])?;
    Ok(target_folder().join("release/belljar"))
}

/// Builds programs of the workspace. The workspace is always selected as a whole: a part of it would ask for other features of what both
/// use, and with other features wasmtime is compiled again.
pub(crate) fn build(programs: &[&str]) -> Result<()> {
    cargo(&[&["build", "--release", "--locked", "--workspace"], programs].concat())
}

/// Runs cargo in the tree, its output shown.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    let status = crate::cargo::cargo().args(arguments).status().context("starting cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// Where cargo leaves what it builds.
pub(crate) fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => tree::root().join(folder),
        None => tree::root().join("target"),
    }
}
