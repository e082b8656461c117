//! Programs that people really run, with the packages that they use (`corpus/programs/`).
//!
//! Packages are fetched by pinned hash into the cache (`cargo xtask packages`); nothing is fetched here. What a program prints must
//! equal what native CPython and Node print for it, which is what the `.out` files hold.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::packages;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{jar, jar_with, seen};
use belljar::{Ended, Grants, Request};
use belljar_corpus::{Expectation, circumstances};
use serde::Deserialize;

/// `packages.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    wheels: Vec<Package>,
    npm: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    name: String,
    version: String,
    sha256: String,
    /// Of an npm package: the file with all of it in one piece. Without one, the package is kept as it was published.
    file: Option<String>,
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/programs")
}

fn list() -> Packages {
    let text = fs::read(programs().join("packages.json")).expect("there is a list of packages");
    serde_json::from_slice(&text).expect("the list of packages is as it should be")
}

impl Package {
    /// The file that `cargo xtask packages` left in the cache.
    fn content(&self, list: &str, ending: &str) -> Vec<u8> {
        let Self { name, version, sha256, .. } = self;
        let images = belljar::cache_folder().expect("there is a cache");
        let entry = format!("{list}-{name}-{version}-{}", &sha256[..16]);
        let path = images.with_file_name("sources").join(entry).join(format!("{name}.{ending}"));
        fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error} (run `cargo xtask packages`)", path.display()))
    }
}

fn find<'a>(packages: &'a [Package], name: &str) -> &'a Package {
    packages
        .iter()
        .find(|package| package.name == name)
        .unwrap_or_else(|| panic!("{name} is not in packages.json"))
}

/// Runs one program with its packages and says what differs from its promise.
fn run(path: &Path, packages: &Packages) -> String {
    let code = fs::read_to_string(path).expect("a program is text");
    let expectation = Expectation::read(&path.to_string_lossy(), &code);
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let mut grants = Grants::default();
    let mut first = Vec::new();
    let python = name.ends_with(".py");
    for package in expectation.all("package") {
        if python {
            let place = format!("/lib/{package}.whl");
            first.push(format!("import sys\nsys.path.append({place:?})"));
            grants = grants.file(place, find(&packages.wheels, package).content("wheel", "whl"));
        } else {
            let bundle = find(&packages.npm, package).content("npm", "js");
            first.push(String::from_utf8(bundle).expect("a bundle is text"));
        }
    }
    let image = if python { "python" } else { "javascript" };
    let session = jar_with(image, serde_json::from_str(expectation.limits()).expect("limits are JSON"))
        .with_grants(grants)
        .session()
        .unwrap();
    for code in first {
        let outcome = session.run_blocking(code).unwrap();
        if outcome.ended != Ended::Completed {
            return format!("  its packages cannot be used: {:?}\n", outcome.error);
        }
    }
    let outcome = seen(&session.run_blocking(Request::new(code).name(name)).unwrap());
    let out = fs::read_to_string(path.with_extension("out")).ok();
    match expectation.differences(out.as_deref(), &outcome) {
        differences if differences.is_empty() => String::new(),
        differences => format!("  {}\n{}", differences.join("\n  "), circumstances(&outcome)),
    }
}

#[test]
fn programs_that_people_run_print_what_they_print_elsewhere() {
    let packages = list();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(programs()).unwrap().flatten().map(|entry| entry.path()).collect();
    let only = std::env::var("BELLJAR_CORPUS").unwrap_or_default();
    paths.retain(|path| {
        let program = path
            .extension()
            .is_some_and(|ending| ["py", "js", "mjs", "ts"].iter().any(|known| ending == *known));
        program && path.to_string_lossy().contains(&only)
    });
    paths.sort();
    assert!(paths.len() >= 20 || !only.is_empty(), "only {} programs", paths.len());
    let mut failures = String::new();
    for path in &paths {
        assert!(path.with_extension("out").is_file(), "{} says not what it prints", path.display());
        let differences = run(path, &packages);
        if !differences.is_empty() {
            let _ = writeln!(failures, "{}\n{differences}", path.display());
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// A package that no program uses is not tested, and one that is used twice under two names would be two.
#[test]
fn every_package_is_used() {
    let Packages { wheels, npm } = list();
    let used: Vec<String> = fs::read_dir(programs())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter_map(|path| {
            Some(
                Expectation::read(&path.to_string_lossy(), &fs::read_to_string(&path).ok()?)
                    .all("package")
                    .to_vec(),
            )
        })
        .flatten()
        .collect();
    // Those that fetch are used by `net.rs`, which has servers for them; those that are unpacked, by `modules.rs`.
    let elsewhere = [&packages::REQUESTS[..], &packages::HTTPX, &packages::UNPACKED].concat();
    for package in wheels.iter().chain(&npm) {
        let used = used.contains(&package.name) || elsewhere.contains(&package.name.as_str());
        assert!(used, "{} is used by no program", package.name);
        assert_eq!(package.sha256.len(), 64, "{}", package.name);
    }
    let is_unpacked = |package: &Package| packages::UNPACKED.contains(&package.name.as_str());
    assert!(
        npm.iter().all(|package| package.file.is_none() == is_unpacked(package))
            && wheels.iter().all(|package| package.file.is_none())
    );
}

/// A placed wheel is shared by sessions and cannot be changed by one.
#[test]
fn a_placed_wheel_cannot_be_changed() {
    let wheel = find(&list().wheels, "six").content("wheel", "whl");
    let jar = jar("python").with_grants(Grants::default().file("/lib/six.whl", wheel));
    let code = "import sys\nsys.path.append('/lib/six.whl')\nimport six\ntry:\n  open('/lib/six.whl', 'r+b').write(b'x')\nexcept OSError as error: print(type(error).__name__)\nsix.PY3";
    for _ in 0..2 {
        let outcome = jar.run_blocking(code).unwrap();
        assert_eq!(crate::common::repr(&outcome), "True");
        assert!(outcome.stdout == "PermissionError\n" || outcome.stdout == "OSError\n", "{}", outcome.stdout);
    }
}
