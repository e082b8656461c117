//! `cargo xtask fuzz`: runs fuzz targets (`fuzz/`) for a while each.
//!
//! What is fuzzed is safe Rust, so no sanitizer is needed, and with none the pinned compiler does: coverage comes from LLVM's own pass.

use std::fs;
use std::path::PathBuf;
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

/// A target's inputs that are kept beside its seeds: one a line, in hexadecimal. Tests try them, too (`fuzz/inputs`).
const KEPT: &str = "kept.hex";

/// How many bytes of inputs are kept for a target: what is small says as much.
const KEPT_BYTES_MAX: usize = 8 << 10;

/// Which targets, and for how long.
#[derive(Args)]
pub(crate) struct FuzzArgs {
    /// Targets to run; all when none is named
    names: Vec<String>,
    /// How long each of them runs
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u32,
    /// Look for nothing new: choose from what was found the few inputs that reach most, and keep them in `fuzz/seeds`
    #[arg(long, conflicts_with = "seconds")]
    keep: bool,
}

/// Runs the targets asked for, one after the other, and stops at the first finding.
pub(crate) fn fuzz(args: &FuzzArgs) -> Result<()> {
    let known = targets()?;
    if let Some(name) = args.names.iter().find(|name| !known.contains(name)) {
        bail!("no target is called {name}; there are {}", known.join(", "));
    }
    let runner = Runner::new()?;
    for name in if args.names.is_empty() { &known } else { &args.names } {
        if args.keep {
            runner.keep(name)?;
        } else {
            runner.search(name, args.seconds)?;
        }
    }
    Ok(())
}

/// Where cargo-fuzz is, and where it builds.
struct Runner {
    program: PathBuf,
    out: PathBuf,
}

impl Runner {
    fn new() -> Result<Self> {
        Ok(Self { program: FUZZ.program()?, out: target_folder().join("fuzz") })
    }

    /// Offers a target inputs until the time is over.
    fn search(&self, name: &str, seconds: u32) -> Result<()> {
        let corpus = self.corpus(name)?;
        let mut command = self.command(name, &[&corpus, &seeds(name)]);
        command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        let status = command.status().context("starting cargo-fuzz")?;
        if !status.success() {
            bail!("{name} found something ({status}); the input is in fuzz/artifacts/{name}");
        }
        Ok(())
    }

    /// Writes the inputs that together reach most of what all reach, the short ones first.
    fn keep(&self, name: &str) -> Result<()> {
        let corpus = self.corpus(name)?;
        let few = self.out.join("few").join(name);
        cache::fresh(&few)?;
        let mut command = self.command(name, &[&few, &corpus]);
        let status = command.arg("-set_cover_merge=1").status().context("starting cargo-fuzz")?;
        if !status.success() {
            bail!("what {name} found cannot be looked through ({status})");
        }
        let inputs = cache::files(&few)?.iter().map(|path| cache::read(path)).collect::<Result<Vec<_>>>()?;
        let text: String = shortest(inputs).iter().map(|input| hex::encode(input) + "\n").collect();
        cache::write(&seeds(name).join(KEPT), text)
    }

    /// What earlier runs found interesting, and what is kept in the tree.
    fn corpus(&self, name: &str) -> Result<PathBuf> {
        let corpus = self.out.join("corpus").join(name);
        cache::create(&corpus)?;
        let kept = fs::read_to_string(seeds(name).join(KEPT)).unwrap_or_default();
        for (number, line) in kept.lines().enumerate() {
            let input = hex::decode(line).with_context(|| format!("{name}: {KEPT}, line {}", number + 1))?;
            cache::write(&corpus.join(format!("kept-{number}")), input)?;
        }
        Ok(corpus)
    }

    fn command(&self, name: &str, folders: &[&PathBuf]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["fuzz", "run", "--sanitizer", "none", "--target-dir"]).arg(&self.out).arg(name);
        command.args(folders.iter().filter(|folder| folder.is_dir()));
        command.arg("--").arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.current_dir(tree::root()).stdin(Stdio::null());
        command
    }
}

/// What is worth trying first.
fn seeds(name: &str) -> PathBuf {
    tree::root().join("fuzz/seeds").join(name)
}

/// As many as may be kept, the short ones first, in an order of their own.
fn shortest(mut inputs: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    inputs.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    let mut left = KEPT_BYTES_MAX;
    inputs.retain(|input| {
        let fits = !input.is_empty() && input.len() <= left;
        left -= if fits { input.len() } else { 0 };
        fits
    });
    inputs
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
    fn what_is_kept_is_little_and_short() {
        let of = |len: usize, byte: u8| vec![byte; len];
        assert_eq!(shortest(vec![of(3, 1), of(2, 9), of(2, 1), of(0, 0)]), [of(2, 1), of(2, 9), of(3, 1)]);
        assert_eq!(shortest(vec![of(KEPT_BYTES_MAX, 1), of(1, 1)]), [of(1, 1)]);
    }

    #[test]
    fn every_target_is_declared() {
        let manifest =
            String::from_utf8(cache::read(&tree::root().join("fuzz/Cargo.toml")).unwrap()).unwrap();
        for name in targets().unwrap() {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
        }
    }
}
