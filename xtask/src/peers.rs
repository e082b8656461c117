//! Other sandboxes, installed on demand into the cache and nowhere else: what benchmarks compare with, and what attacks can be tried on.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow, bail};

use crate::cache::{self, Cache, Draft, Key, Shelf};
use crate::progress::run_logged;

/// A package of a registry, in the version that we use.
#[derive(Clone, Copy)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

pub(crate) const PYERYX: Package = Package { name: "pyeryx", version: "0.11.0" };
pub(crate) const MONTY: Package = Package { name: "pydantic-monty", version: "1.4.0" };
pub(crate) const QUICKJS: Package = Package { name: "quickjs", version: "1.19.4" };
pub(crate) const QUICKJS_EMSCRIPTEN: Package = Package { name: "quickjs-emscripten", version: "0.32.0" };

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// A package of the Python registry that was installed.
pub(crate) struct Wheel {
    /// The interpreter that it was installed for.
    pub(crate) python: String,
    folder: PathBuf,
}

impl Wheel {
    /// What an interpreter must see to find it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        // Some packages bring programs that they start.
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.folder.join("bin").display());
        [("PYTHONPATH", self.folder.display().to_string()), ("PATH", path)]
    }
}

/// Installs a wheel, and what it asks for, for the first interpreter that takes it. Nothing of a package is run to install it.
pub(crate) fn wheel(cache: &Cache, package: Package, logs: &Path) -> Result<Wheel> {
    let Package { name, version } = package;
    install(cache, &format!("peer-{name}-{version}"), &[format!("{name}=={version}")], logs)
}

/// Installs the wheels of a list, which must name all that they need, for the first interpreter that takes them.
pub(crate) fn wheels(cache: &Cache, list: &Path, logs: &Path) -> Result<Wheel> {
    let name = list.file_stem().unwrap_or_default().to_string_lossy();
    let mut key = Key::new();
    key.part("list", &cache::read(list)?);
    let entry = format!("client-{name}-{}", key.finish());
    install(cache, &entry, &["--no-deps".to_owned(), "-r".to_owned(), list.display().to_string()], logs)
}

fn install(cache: &Cache, entry: &str, what: &[String], logs: &Path) -> Result<Wheel> {
    let log = logs.join(format!("install-{entry}.log"));
    cache::write(&log, "")?;
    let mut failed = None;
    for python in interpreters() {
        let Ok(tag) = said(&python, &["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) else {
            continue;
        };
        let folder = cache.entry(Shelf::Tools, &format!("{entry}-python{tag}"), |draft: &Draft| {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
            pip.args(["--only-binary=:all:", "--target"]).arg(&draft.out);
            run_logged(pip.args(what), &log)
        });
        match folder {
            Ok(folder) => return Ok(Wheel { python, folder }),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| anyhow!("there is no Python to install it for")))
}

/// Pythons that may install packages, newest first: those on the path, and those that pyenv keeps.
fn interpreters() -> Vec<String> {
    let mut found: Vec<String> =
        ["python3.14", "python3.13", "python3.12", "python3"].map(str::to_owned).to_vec();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    for minor in [12, 13, 14] {
        let versions = pyenv.iter().filter_map(|root| fs::read_dir(root.join("versions")).ok()).flatten();
        let folders = versions.filter_map(|entry| Some(entry.ok()?.path()));
        let fitting = folders.filter(|path| path.to_string_lossy().contains(&format!("/3.{minor}.")));
        found.splice(0..0, fitting.map(|path| path.join("bin/python3").display().to_string()));
    }
    found
}

/// The major version of this machine's Node, if it has one.
pub(crate) fn node() -> Option<u32> {
    let version = said("node", &["-p", "process.versions.node"]).ok()?;
    version.split('.').next()?.parse().ok()
}

/// Installs a package of the Node registry, and gives its folder.
pub(crate) fn node_package(cache: &Cache, package: Package, major: u32, logs: &Path) -> Result<PathBuf> {
    let Package { name, version } = package;
    let log = logs.join(format!("install-{name}.log"));
    cache::write(&log, "")?;
    cache.entry(Shelf::Tools, &format!("peer-{name}-{version}-node{major}"), |draft| {
        cache::write(&draft.out.join("package.json"), "{\"private\": true}\n")?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&draft.out);
        run_logged(npm.arg(format!("{name}@{version}")), &log)
    })
}

/// What a program prints, if it works.
fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{program} failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The line of a long error that says why.
pub(crate) fn reason(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let telling = text.lines().rev().find(|line| line.to_lowercase().contains("error"));
    telling.or(text.lines().last()).unwrap_or_default().trim().to_owned()
}
