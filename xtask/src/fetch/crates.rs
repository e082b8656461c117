//! The source of one published crate, through `cargo`. C libraries come to us inside crates.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::verify;
use crate::cache::{self, Cache, Shelf};
use crate::progress::run_logged;
use crate::require::{self, require};

/// A crate that we take files from.
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-256 of the `.crate` file, as in a `Cargo.lock`.
    pub(crate) sha256: &'static str,
}

impl Crate {
    /// The folder with the crate's unpacked files.
    pub(crate) fn fetch(&self, cache: &Cache) -> Result<PathBuf> {
        let Self { name, version, sha256 } = self;
        let entry = format!("crate-{name}-{version}-{}", &sha256[..16.min(sha256.len())]);
        let folder = cache.entry(Shelf::Sources, &entry, |draft| {
            require(&[&require::CARGO, &require::TAR])?;
            let log = draft.work.join("log");
            let archive = self.download(&draft.work, &log)?;
            verify(&archive, sha256)?;
            run_logged(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&draft.out), &log)
        })?;
        Ok(folder.join(format!("{name}-{version}")))
    }

    /// Makes `cargo` put the crate into its own download folder, and finds it there.
    fn download(&self, work: &Path, log: &Path) -> Result<PathBuf> {
        let Self { name, version, .. } = self;
        let package = work.join("package");
        cache::write(
            &package.join("Cargo.toml"),
            format!(
                "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
                 [workspace]\n[dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n"
            ),
        )?;
        cache::write(&package.join("src/lib.rs"), "")?;
        run_logged(Command::new("cargo").arg("fetch").current_dir(&package), log)?;

        let file = format!("{name}-{version}.crate");
        let home = match std::env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => std::env::home_dir().context("no home folder: set HOME or CARGO_HOME")?.join(".cargo"),
        };
        cache::files(&home.join("registry/cache"))?
            .into_iter()
            .find(|path| path.ends_with(&file))
            .with_context(|| format!("cargo fetched {file}, but it is not in its download folder"))
    }
}
