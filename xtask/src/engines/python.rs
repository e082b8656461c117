//! CPython: one source tree built twice (for this machine, to help with the other; and for the sandbox), four C libraries, our shim.
//!
//! The parts are kept in the cache one by one, so that a change of the shim or the boot files links anew and builds nothing else.

mod files;
mod interpreter;
mod libraries;
mod link;
mod native;

use std::path::PathBuf;

use anyhow::Result;

use super::{Bench, Made, Recipe, Source};
use crate::cache::{Cache, Key};
use crate::fetch::debian::{SourcePackage, Version};
use crate::fetch::pypi::Wheel;

/// CPython as Debian carries it. The language's version is chosen here and nowhere else.
const CPYTHON: SourcePackage = SourcePackage {
    name: "python3.13",
    versions: &[Version {
        upstream: "3.13.15",
        debian: "3.13.15-1",
        sha256: "1e66a7945a48390ee4c2a4268a0e4185884059a13c4aab6d148aa208deea4a76",
    }],
    variable: "BELLJAR_CPYTHON_TARBALL",
};

/// Time zones.
const TZDATA: Wheel = Wheel {
    name: "tzdata",
    version: "2026.6",
    sha256: "0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec",
};

/// The recipe of the Python engine.
pub(crate) struct Python;

impl Recipe for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        for (name, text) in [
            ("recipe", &include_bytes!("python.rs")[..]),
            ("files", include_bytes!("python/files.rs")),
            ("interpreter", include_bytes!("python/interpreter.rs")),
            ("libraries", include_bytes!("python/libraries.rs")),
            ("link", include_bytes!("python/link.rs")),
            ("native", include_bytes!("python/native.rs")),
        ] {
            key.part(name, text);
        }
        Ok(())
    }

    fn steps(&self) -> usize {
        6
    }

    fn imports(&self) -> &'static [&'static str] {
        &[crate::wasm::WASI]
    }

    fn build(&self, bench: &Bench) -> Result<Made> {
        let step = bench.progress;
        let (version, source) = step.step("fetch CPython", || CPYTHON.fetch(bench.cache))?;
        let native =
            step.step("CPython for this machine", || native::build(bench.cache, version, &source))?;
        let libraries = step.step("C libraries", || libraries::build(bench.cache))?;
        let interpreter = step.step("CPython for the sandbox", || {
            interpreter::build(
                bench,
                version,
                &interpreter::Parts { source: &source, native: &native, libraries: &libraries },
            )
        })?;
        let parts = link::Parts {
            source: &source,
            native: &native,
            libraries: &libraries,
            interpreter: &interpreter,
        };
        step.step("shim, boot files, link", || link::build(bench, version, &parts))?;
        step.step("files", || files::lay_out(bench, version, &source))?;

        let mut sources = vec![
            Source {
                name: "cpython".into(),
                version: version.upstream.into(),
                sha256: version.sha256.into(),
            },
            Source { name: TZDATA.name.into(), version: TZDATA.version.into(), sha256: TZDATA.sha256.into() },
        ];
        sources.extend(libraries::crates().map(Source::from));
        Ok(Made { language: "Python", version: version.upstream.to_owned(), sources })
    }
}

/// CPython's `Lib`, tests included, in its sources.
pub(super) fn library(cache: &Cache) -> Result<PathBuf> {
    Ok(CPYTHON.fetch(cache)?.1.join("Lib"))
}

/// `3.13` of `3.13.15`.
fn series(version: &Version) -> &'static str {
    version.upstream.rsplit_once('.').map_or(version.upstream, |(series, _)| series)
}

/// Where the standard library is in the sandbox.
fn library_folder(version: &Version) -> String {
    format!("usr/lib/python{}", series(version))
}
