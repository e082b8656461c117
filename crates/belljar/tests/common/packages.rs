//! Packages from `corpus/programs/packages.json`, which `cargo xtask packages` left in the cache.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::path::{Path, PathBuf};

use belljar::{Grants, Jar};

pub(crate) const REQUESTS: [&str; 5] = ["requests", "urllib3", "idna", "certifi", "charset-normalizer"];
/// Those that `modules.rs` mounts unpacked.
pub(crate) const UNPACKED: [&str; 5] = ["semver", "p-limit", "yocto-queue", "uuid", "yaml"];
pub(crate) const HTTPX: [&str; 7] =
    ["httpx", "httpcore", "h11", "anyio", "certifi", "idna", "typing-extensions"];

/// The jar with these grants, and the wheels placed at `/lib/NAME.whl`.
pub(crate) fn with(jar: Jar, mut grants: Grants, names: &[&str]) -> Jar {
    for name in names {
        grants = grants.file(format!("/lib/{name}.whl"), content(name));
    }
    jar.with_grants(grants)
}

/// Code that lets Python find them.
pub(crate) fn path(names: &[&str]) -> String {
    let places: Vec<String> = names.iter().map(|name| format!("/lib/{name}.whl")).collect();
    format!("import sys; sys.path += {places:?}\n")
}

pub(crate) fn content(name: &str) -> Vec<u8> {
    let path = kept("wheels", "wheel", name).join(format!("{name}.whl"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error} (run `cargo xtask packages`)", path.display()))
}

/// An npm package as it was published, unpacked.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = kept("npm", "npm", name).join("package");
    assert!(path.is_dir(), "{} is missing (run `cargo xtask packages`)", path.display());
    path
}

/// The entry of the cache that holds a package of one of the lists.
fn kept(list: &str, prefix: &str, name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/programs/packages.json");
    let lists: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let known = lists[list].as_array().unwrap().iter().find(|package| package["name"] == name);
    let package = known.unwrap_or_else(|| panic!("{name} is not in packages.json"));
    let (version, sha256) = (package["version"].as_str().unwrap(), package["sha256"].as_str().unwrap());
    let images = belljar::cache_folder().expect("there is a cache");
    images.with_file_name("sources").join(format!("{prefix}-{name}-{version}-{}", &sha256[..16]))
}
