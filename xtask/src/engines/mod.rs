//! `cargo xtask engines`: sources in, `engine.wasm` and `engine.json` out.
//!
//! Each engine is a recipe in a file of its own. A recipe is built when its key is not in the cache; the key covers all that goes in.

mod javascript;
mod microjs;
mod python;
mod twice;
mod typescript;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use crate::cache::{self, Cache, Key, Shelf};
use crate::fetch::crates::Crate;
use crate::progress::Progress;
use crate::{fetch, tree, wasm, zig};

/// Which engines to build, and what to say about them.
#[derive(Args, Default)]
pub(crate) struct EnginesArgs {
    /// Engines to build; all when none is named
    names: Vec<String>,
    /// Build nothing: print the name and folder of each engine that is built
    #[arg(long, conflicts_with = "twice")]
    print: bool,
    /// Build each of them twice, in places that have nothing in common, and compare what came of it
    #[arg(long)]
    twice: bool,
}

/// How one engine is made.
pub(crate) trait Recipe {
    /// Name of the engine and of its folder under `engines/`.
    fn name(&self) -> &'static str;

    /// Adds what the recipe depends on, besides the files of its folder and the compiler: pinned sources, flags, its own text.
    fn key(&self, key: &mut Key) -> Result<()>;

    /// Number of steps that `build` takes.
    fn steps(&self) -> usize;

    /// Modules that the engine may import from, besides `belljar`.
    fn imports(&self) -> &'static [&'static str] {
        &[]
    }

    /// Fails unless the module keeps to its contract.
    fn check(&self, module: &[u8]) -> Result<()> {
        wasm::check(module, self.imports())
    }

    /// Writes `engine.wasm`, and `files/` if there are any, to the bench's `out`.
    fn build(&self, bench: &Bench) -> Result<Made>;
}

/// Where a recipe works.
pub(crate) struct Bench<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) progress: &'a Progress,
    /// The engine's own files: shim, boot files.
    pub(crate) folder: &'a Path,
    /// Scratch space, gone when the build is done.
    pub(crate) work: &'a Path,
    /// What becomes the finished engine.
    pub(crate) out: &'a Path,
}

/// What a recipe says about the engine it made.
pub(crate) struct Made {
    pub(crate) language: &'static str,
    pub(crate) version: String,
    pub(crate) sources: Vec<Source>,
}

/// One source that went in, for `engine.json`.
#[derive(Serialize)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
}

impl From<&Crate> for Source {
    fn from(from: &Crate) -> Self {
        Self { name: from.name.into(), version: from.version.into(), sha256: from.sha256.into() }
    }
}

/// The document beside a finished engine.
#[derive(Serialize)]
struct Manifest<'a> {
    name: &'a str,
    language: &'a str,
    version: &'a str,
    abi: u32,
    sources: &'a [Source],
    wasm_sha256: String,
}

/// The version of `engines/abi.md` that recipes build for.
const ABI: u32 = 1;

fn recipes() -> [Box<dyn Recipe>; 4] {
    [
        Box::new(typescript::Typescript),
        Box::new(microjs::Microjs),
        Box::new(javascript::Javascript),
        Box::new(python::Python),
    ]
}

/// Builds the engines asked for, or prints those that are built.
pub(crate) fn engines(args: &EnginesArgs) -> Result<()> {
    let cache = Cache::open()?;
    if args.twice {
        return twice::twice(&cache, &chosen(&args.names)?);
    }
    for recipe in chosen(&args.names)? {
        if args.print {
            if let Some(place) = cache.find(Shelf::Engines, &entry(recipe.as_ref())?) {
                println!("{} {}", recipe.name(), place.display());
            }
        } else {
            build(&cache, recipe.as_ref())?;
        }
    }
    Ok(())
}

/// Where the engine of this name is, building it if need be.
pub(crate) fn engine(cache: &Cache, name: &str) -> Result<PathBuf> {
    let Some(recipe) = chosen(&[name.to_owned()])?.pop() else { bail!("no engine is called {name}") };
    build(cache, recipe.as_ref())
}

/// Every engine, and its folder if it is built.
pub(crate) fn built(cache: &Cache) -> Result<Vec<(&'static str, Option<PathBuf>)>> {
    let find = |recipe: &dyn Recipe| Ok((recipe.name(), cache.find(Shelf::Engines, &entry(recipe)?)));
    recipes().iter().map(|recipe| find(recipe.as_ref())).collect()
}

fn chosen(names: &[String]) -> Result<Vec<Box<dyn Recipe>>> {
    let all = recipes();
    for name in names {
        if !all.iter().any(|recipe| recipe.name() == name) {
            let known: Vec<&str> = all.iter().map(|recipe| recipe.name()).collect();
            bail!("no engine is called {name}; there are {}", known.join(", "));
        }
    }
    Ok(all
        .into_iter()
        .filter(|recipe| names.is_empty() || names.iter().any(|n| n == recipe.name()))
        .collect())
}

/// Name and key, which is the engine's folder in the cache.
fn entry(recipe: &dyn Recipe) -> Result<String> {
    let mut key = Key::new();
    key.part("abi", &ABI.to_le_bytes()).part("zig", zig::VERSION.as_bytes());
    key.folder(&tree::engine(recipe.name()))?;
    key.folder(&tree::engine("common"))?;
    recipe.key(&mut key)?;
    Ok(format!("{}-{}", recipe.name(), key.finish()))
}

fn build(cache: &Cache, recipe: &dyn Recipe) -> Result<PathBuf> {
    let name = recipe.name();
    let place = cache.entry(Shelf::Engines, &entry(recipe)?, |draft| {
        let log = cache.root().join("logs").join(format!("{name}.log"));
        let progress = Progress::begin(name, recipe.steps(), &log)?;
        let folder = tree::engine(name);
        let made = recipe.build(&Bench {
            cache,
            progress: &progress,
            folder: &folder,
            work: &draft.work,
            out: &draft.out,
        })?;
        let size = describe(recipe, &made, &draft.out)?;
        progress.finish(&format!("{} {}, {} KB", made.language, made.version, size / 1000));
        Ok(())
    })?;
    println!("{name}: {}", place.display());
    Ok(place)
}

/// Checks the module against the contract and writes `engine.json`. Returns the module's size.
fn describe(recipe: &dyn Recipe, made: &Made, out: &Path) -> Result<usize> {
    let path = out.join("engine.wasm");
    let module = cache::read(&path)?;
    recipe.check(&module).with_context(|| format!("{} breaks the contract", recipe.name()))?;
    let manifest = Manifest {
        name: recipe.name(),
        language: made.language,
        version: &made.version,
        abi: ABI,
        sources: &made.sources,
        wasm_sha256: fetch::sha256_of(&path)?,
    };
    let text = serde_json::to_string_pretty(&manifest).context("writing engine.json")?;
    cache::write(&out.join("engine.json"), text + "\n")?;
    Ok(module.len())
}

/// The folder with the tests that a language's own sources bring: CPython's `Lib`, QuickJS-ng's `tests`.
pub(crate) fn tests(cache: &Cache, name: &str) -> Result<PathBuf> {
    match name {
        "python" => python::library(cache),
        "javascript" => javascript::tests(cache),
        _ => bail!("the sources of {name} bring no tests that can be run"),
    }
}

/// Changes a source where no flag or header does. Fails unless there is exactly one such place.
fn replace_once(text: &str, from: &str, to: &str) -> Result<String> {
    replace_all(text, 1, from, to)
}

/// The same for a number of places that is known.
fn replace_all(text: &str, expected: usize, from: &str, to: &str) -> Result<String> {
    let places = text.matches(from).count();
    if places != expected {
        bail!("a source has {places} places that read {from:?}, and {expected} are expected");
    }
    Ok(text.replace(from, to))
}
