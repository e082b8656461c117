//! `cargo xtask packages`: the packages that the programs in `corpus/programs` use, each as one file in the cache, and uv.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cache::{self, Cache, Draft, Shelf};
use crate::fetch::{npm, pypi, uv};
use crate::progress::Progress;
use crate::require::{self, require};
use crate::tree;

/// The list: names, versions, hashes.
const LIST: &str = "corpus/programs/packages.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    wheels: Vec<Wheel>,
    npm: Vec<Bundle>,
}

/// A wheel, kept as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wheel {
    name: String,
    version: String,
    sha256: String,
}

/// An npm package, of which one file is kept: all of it in one piece. Or all files as they were published, in `package`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    name: String,
    version: String,
    sha256: String,
    file: Option<String>,
}

/// Fetches what is not in the cache yet.
pub(crate) fn packages() -> Result<()> {
    let cache = Cache::open()?;
    let list: Packages = serde_json::from_slice(&cache::read(&tree::root().join(LIST))?)
        .with_context(|| format!("{LIST} is not as it should be"))?;
    let log = cache.root().join("logs/packages.log");
    let progress = Progress::begin("packages", 3, &log)?;
    progress.step("fetch wheels", || list.wheels.iter().try_for_each(|wheel| wheel.fetch(&cache)))?;
    progress.step("fetch npm packages", || list.npm.iter().try_for_each(|bundle| bundle.fetch(&cache)))?;
    progress.step("fetch uv", || uv::fetch(&cache))?;
    progress.finish(&format!("{} wheels, {} npm packages", list.wheels.len(), list.npm.len()));
    Ok(())
}

impl Wheel {
    fn fetch(&self, cache: &Cache) -> Result<()> {
        let Self { name, version, sha256 } = self;
        let make = |draft: &Draft| {
            require(&[&require::PYTHON, &require::PIP])?;
            let wheel = pypi::download(&draft.work, (name, version, sha256), &pypi::SANDBOX)?;
            cache::write(&draft.out.join(format!("{name}.whl")), cache::read(&wheel)?)
        };
        keep(cache, "wheel", (name, version, sha256), make)
    }
}

impl Bundle {
    fn fetch(&self, cache: &Cache) -> Result<()> {
        let Self { name, version, sha256, file } = self;
        let make = |draft: &Draft| {
            require(&[&require::PYTHON, &require::PIP, &require::TAR])?;
            let folder = npm::unpack(cache, &draft.work, &format!("{name}@{version}"), sha256)?;
            let Some(file) = file else {
                return std::fs::rename(&folder, draft.out.join("package"))
                    .with_context(|| format!("keeping {}", folder.display()));
            };
            cache::write(&draft.out.join(format!("{name}.js")), cache::read(&folder.join(file))?)
        };
        keep(cache, "npm", (name, version, sha256), make)
    }
}

fn keep(
    cache: &Cache,
    list: &str,
    (name, version, sha256): (&str, &str, &str),
    make: impl FnOnce(&Draft) -> Result<()>,
) -> Result<()> {
    let entry = format!("{list}-{name}-{version}-{}", &sha256[..16.min(sha256.len())]);
    cache
        .entry(Shelf::Sources, &entry, make)
        .map(|_| ())
        .with_context(|| format!("fetching {name} {version}"))
}
