//! What is in the engines, and what builds them: from the documents beside finished engines, and from what recipes pin.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::cyclonedx::{Component, Dependency, Hash};
use crate::cache::{self, Cache};
use crate::{engines, fetch, tree, zig};

/// Licences of what engines are made from. The C that a crate brings has one of its own, which comes second.
const LICENCES: [(&str, &str, &str); 9] = [
    ("cpython", "generic", "Python-2.0"),
    ("tzdata", "pypi", "Apache-2.0"),
    ("libz-sys", "cargo", "(MIT OR Apache-2.0) AND Zlib"),
    ("bzip2-sys", "cargo", "(MIT OR Apache-2.0) AND bzip2-1.0.6"),
    ("liblzma-sys", "cargo", "(MIT OR Apache-2.0) AND 0BSD"),
    ("libsqlite3-sys", "cargo", "MIT AND blessing"),
    ("rquickjs-sys", "cargo", "MIT"),
    ("mquickjs-sys", "cargo", "MIT"),
    ("@swc/wasm-typescript", "npm", "Apache-2.0"),
];

/// The compiler brings a libc that is linked into engines.
const COMPILER_LICENCE: &str = "MIT AND Apache-2.0 WITH LLVM-exception";

/// `engine.json`, as recipes leave it.
#[derive(Deserialize)]
struct Engine {
    name: String,
    version: String,
    sources: Vec<Source>,
    wasm_sha256: String,
}

#[derive(Deserialize)]
struct Source {
    name: String,
    version: String,
    sha256: String,
}

/// What was found.
#[derive(Default)]
pub(super) struct Parts {
    /// Engines, and their sources.
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
}

/// The engines that are built, each with its sources.
pub(super) fn find(cache: &Cache) -> Result<Parts> {
    let mut parts = Parts::default();
    let compiler = compiler();
    for (name, folder) in engines::built(cache)? {
        let Some(folder) = folder else {
            bail!("the engine {name} is not built, so its hash is not known: run `cargo xtask setup`");
        };
        let text = cache::read(&folder.join("engine.json"))?;
        let engine: Engine =
            serde_json::from_slice(&text).with_context(|| format!("reading {}", folder.display()))?;
        let mut component = Component::new("application", "engine", &engine.name, &engine.version);
        component.description = Some("runs in WebAssembly; its hash is that of engine.wasm".to_owned());
        component.hashes = vec![Hash::sha256(&engine.wasm_sha256)];
        component.scope = Some("required");
        let mut depends_on = Vec::new();
        for source in engine.sources {
            let source = source.component()?;
            depends_on.push(source.bom_ref.clone());
            parts.components.push(source);
        }
        // The parser of TypeScript is published as a module, and compiled by nobody here.
        if name != "typescript" {
            depends_on.push(compiler.bom_ref.clone());
        }
        depends_on.sort();
        parts.dependencies.push(Dependency { of: component.bom_ref.clone(), depends_on });
        parts.components.push(component);
    }
    parts.components.push(compiler);
    parts.components.push(uv()?);
    parts.components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    Ok(parts)
}

impl Source {
    fn component(&self) -> Result<Component> {
        let Self { name, version, sha256 } = self;
        let known = LICENCES.iter().find(|(of, ..)| of == name);
        let (_, registry, licence) =
            known.with_context(|| format!("the licence of {name} is not in the list of `sbom`"))?;
        let component = Component::new("library", "source", name, version);
        let component = component.published(registry, sha256, licence);
        Ok(Component { scope: Some("required"), ..component })
    }
}

/// The compiler of engines, whose libc is in them.
fn compiler() -> Component {
    let (name, version, sha256) = zig::pinned();
    let component = Component::new("application", "pypi", name, version);
    let component = component.published("pypi", sha256, COMPILER_LICENCE);
    let description = Some("compiles the engines; its libc for WebAssembly is in them".to_owned());
    Component { description, scope: Some("required"), ..component }
}

/// The resolver of packages, which the program fetches when it is asked for any.
fn uv() -> Result<Component> {
    let pin = fetch::uv::pin()?;
    let component = Component::new("application", "pypi", "uv", &pin.version);
    let component = component.published("pypi", &pin.sha256, "MIT OR Apache-2.0");
    let description = Some("resolves packages; fetched when packages are asked for".to_owned());
    Ok(Component { description, scope: Some("optional"), ..component })
}

/// What builds all of it, besides the compiler of engines.
pub(super) fn tools() -> Result<Vec<Component>> {
    let toolchain = cache::read(&tree::root().join("rust-toolchain.toml"))?;
    let toolchain = String::from_utf8(toolchain).context("rust-toolchain.toml is not UTF-8")?;
    let toolchain: toml::Table = toml::from_str(&toolchain).context("rust-toolchain.toml is no TOML")?;
    let channel = toolchain.get("toolchain").and_then(|table| table.get("channel")?.as_str());
    let channel = channel.context("rust-toolchain.toml names no channel")?;
    let rustc = Component::new("application", "rust", "rustc", channel).licensed("MIT OR Apache-2.0");
    Ok(vec![rustc])
}
