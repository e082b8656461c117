//! CPython's tests as virtual files of the session.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use belljar::Grants;

/// Where the tests lie in the session.
const PLACE: &str = "/lib/cpython";

/// Places `Lib/test` in every session.
pub(crate) fn place(lib: &Path) -> Result<Grants> {
    let root = lib.join("test");
    ensure!(root.is_dir(), "{} has no folder `test`", lib.display());
    let mut grants = Grants::default();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "__pycache__") {
                    folders.push(path);
                }
                continue;
            }
            let content: Arc<[u8]> =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?.into();
            let place = path.strip_prefix(lib).context("a file lies in its folder")?;
            grants = grants.file(format!("{PLACE}/{}", place.display()), content);
        }
    }
    Ok(grants)
}

/// The names of all test modules and test packages, in order.
pub(crate) fn modules(lib: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(lib.join("test")).context("cannot list the tests")? {
        let path = entry?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let module =
            path.extension().is_some_and(|ending| ending == "py") || path.join("__init__.py").is_file();
        if module && name.starts_with("test_") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
