//! What the file name of a wheel says (PEP 427), and which modules are in one.

use serde::{Deserialize, Serialize};

/// One package that was resolved, and the wheel that it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The package's name, normalised.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the wheel, in hexadecimal.
    pub sha256: String,
    /// Where the wheel is fetched from, without credentials.
    pub url: String,
    /// The wheel's file name.
    pub file: String,
}

/// Whether a wheel's file name says that it has no machine code, and runs on this Python.
pub(crate) fn is_pure(file: &str) -> bool {
    let Some(stem) = file.strip_suffix(".whl") else { return false };
    let mut tags = stem.rsplit('-');
    let (platform, abi) = (tags.next(), tags.next());
    platform == Some("any") && abi == Some("none") && tags.next().is_some()
}

/// Whether a path in a wheel is machine code.
pub(crate) fn is_machine_code(path: &str) -> bool {
    [".so", ".pyd", ".dylib", ".dll"].iter().any(|ending| path.ends_with(ending)) || path.contains(".so.")
}

/// The modules that a wheel brings at the top: what its files can be imported as. Sorted, without those that are private or only for tests.
pub(crate) fn modules<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> =
        paths.filter_map(module_of).filter(|name| !is_aside(name)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn module_of(path: &str) -> Option<&str> {
    let name = match path.split_once('/') {
        None => path.strip_suffix(".py")?,
        Some((folder, rest)) => {
            // A folder without code is no module; one without `__init__.py` is the part of a namespace.
            rest.ends_with(".py").then_some(folder)?
        }
    };
    is_identifier(name).then_some(name)
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_aside(name: &str) -> bool {
    name.starts_with('_') || ["test", "tests", "docs", "examples", "benchmarks"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_whether_there_is_machine_code() {
        for file in
            ["six-1.17.0-py2.py3-none-any.whl", "a-1-py3-none-any.whl", "a-1-1build-cp313-none-any.whl"]
        {
            assert!(is_pure(file), "{file}");
        }
        for file in [
            "a-1-cp313-cp313-manylinux_2_17_x86_64.whl",
            "a-1-cp37-abi3-any.whl",
            "a-1.tar.gz",
            "none-any.whl",
            "a-1-py3-none-wasi.whl",
        ] {
            assert!(!is_pure(file), "{file}");
        }
    }

    #[test]
    fn modules_are_what_can_be_imported() {
        let paths = [
            "six.py",
            "yaml/__init__.py",
            "_yaml/__init__.py",
            "tests/__init__.py",
            "a-b.py",
            "data/x.txt",
            "zope/interface/x.py",
            "six-1.dist-info/RECORD",
        ];
        assert_eq!(modules(paths.into_iter()), ["six", "yaml", "zope"]);
    }
}
