//! The crates that are in the program, and those that only build it: from `cargo metadata`, with the hashes of `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::cyclonedx::{Component, Dependency};
use crate::cache;
use crate::cargo::cargo;
use crate::tree;

/// What the program is built for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The crate of the program.
const PROGRAM: &str = "belljar-cli";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    description: Option<String>,
    source: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// What was found.
pub(super) struct Crates {
    /// The program itself.
    pub(super) program: Component,
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
}

/// The graph of crates.
struct Graph<'a> {
    packages: BTreeMap<&'a str, &'a Package>,
    edges: BTreeMap<&'a str, &'a [Edge]>,
}

/// Asks cargo, and reads the lock file.
pub(super) fn find() -> Result<Crates> {
    let metadata = metadata()?;
    let lock = cache::read(&tree::root().join("Cargo.lock"))?;
    let lock = String::from_utf8(lock).context("Cargo.lock is not UTF-8")?;
    let lock: Lock = toml::from_str(&lock).context("Cargo.lock is not as it should be")?;
    let hashes: BTreeMap<(&str, &str), &str> = lock
        .package
        .iter()
        .filter_map(|locked| Some(((&*locked.name, &*locked.version), locked.checksum.as_deref()?)))
        .collect();
    let graph = Graph {
        packages: metadata.packages.iter().map(|package| (&*package.id, package)).collect(),
        edges: metadata.resolve.nodes.iter().map(|node| (&*node.id, &*node.deps)).collect(),
    };
    let root = metadata.packages.iter().find(|package| package.name == PROGRAM);
    let root = root.with_context(|| format!("there is no crate {PROGRAM}"))?;
    let linked = graph.reach(root, Package::is_linked, |kind| kind.is_none());
    let all = graph.reach(root, |_| true, |kind| kind != Some("dev"));
    let component = |package: &Package| package.component(&hashes, linked.contains(&*package.id));
    let others = || all.iter().filter(|id| **id != root.id).map(|id| graph.packages[id]);
    let mut components = others().map(component).collect::<Result<Vec<_>>>()?;
    components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    let mut dependencies: Vec<_> = all.iter().map(|id| graph.dependency(id, &all)).collect();
    dependencies.sort_by(|one, other| one.of.cmp(&other.of));
    let program = Component { scope: None, kind: "application", ..component(root)? };
    Ok(Crates { program, components, dependencies })
}

fn metadata() -> Result<Metadata> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]);
    let output = command.output().context("starting cargo")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("`cargo metadata` printed something else")
}

impl<'a> Graph<'a> {
    /// All that can be reached from `root` through packages and kinds of dependency that count.
    fn reach(
        &self,
        root: &'a Package,
        counts: impl Fn(&Package) -> bool,
        along: impl Fn(Option<&str>) -> bool,
    ) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut next = vec![&*root.id];
        while let Some(id) = next.pop() {
            let Some(package) = self.packages.get(id) else { continue };
            if counts(package) && found.insert(id) {
                let edges = self.edges.get(id).copied().unwrap_or_default().iter();
                let edges =
                    edges.filter(|edge| edge.dep_kinds.iter().any(|kind| along(kind.kind.as_deref())));
                next.extend(edges.map(|edge| &*edge.pkg));
            }
        }
        found
    }

    fn dependency(&self, id: &str, among: &BTreeSet<&str>) -> Dependency {
        let edges = self.edges.get(id).copied().unwrap_or_default().iter();
        let edges = edges.filter(|edge| among.contains(&*edge.pkg));
        let edges =
            edges.filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev")));
        let depends_on: BTreeSet<String> = edges.map(|edge| self.packages[&*edge.pkg].bom_ref()).collect();
        Dependency { of: self.packages[id].bom_ref(), depends_on: depends_on.into_iter().collect() }
    }
}

impl Package {
    /// Whether its code can end up in the program: a macro runs in the compiler.
    fn is_linked(&self) -> bool {
        !self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    }

    fn bom_ref(&self) -> String {
        format!("cargo:{}@{}", self.name, self.version)
    }

    fn component(&self, hashes: &BTreeMap<(&str, &str), &str>, linked: bool) -> Result<Component> {
        let Self { name, version, .. } = self;
        let licence = self.license.as_deref().with_context(|| format!("{name} says no licence"))?;
        let component = Component::new("library", "cargo", name, version);
        let component = match &self.source {
            None => component.licensed(licence),
            Some(_) => {
                let hash = hashes.get(&(&**name, &**version));
                let hash = hash.with_context(|| format!("Cargo.lock has no hash of {name} {version}"))?;
                component.published("cargo", hash, licence)
            }
        };
        let scope = Some(if linked { "required" } else { "excluded" });
        let description = self.description.as_deref().map(|text| text.trim().to_owned());
        Ok(Component { scope, description, ..component })
    }
}
