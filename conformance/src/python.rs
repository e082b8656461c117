//! CPython's own regression tests: `Lib/test` of the version that the image has, each module in sessions of its own.

mod rounds;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use belljar::{Grants, Jar, Limits, MIB};

use crate::outcome::Module;

/// Folders whose modules stand for themselves, as in CPython's own runner (`libregrtest/findtests.py`).
const SPLIT: [&str; 10] = [
    "test_asyncio",
    "test_concurrent_futures",
    "test_doctests",
    "test_future_stmt",
    "test_gdb",
    "test_inspect",
    "test_multiprocessing_fork",
    "test_multiprocessing_forkserver",
    "test_multiprocessing_spawn",
    "test_pydoc",
];

/// How much longer than its CPU time a session may last: the machine may be busy, and some tests wait.
const WALL_TO_CPU: u64 = 10;

/// Quick modules, all over the language and its library, that must pass whole: the gate runs them.
pub(crate) const GATE: [&str; 25] = [
    "test_asyncio.test_locks",
    "test_asyncio.test_queues",
    "test_base64",
    "test_collections",
    "test_contextlib",
    "test_csv",
    "test_dataclasses",
    "test_datetime",
    "test_decimal",
    "test_enum",
    "test_exception_group",
    "test_fractions",
    "test_functools",
    "test_generators",
    "test_hashlib",
    "test_heapq",
    "test_itertools",
    "test_json",
    "test_lzma",
    "test_math",
    "test_re",
    "test_struct",
    "test_typing",
    "test_zlib",
    "test_zoneinfo",
];

/// The jar that the tests run in. `lib` is CPython's `Lib`.
pub(crate) fn jar(lib: &Path, cpu_ms: u64) -> Result<Jar> {
    let limits = Limits {
        memory_bytes: 1024 * MIB,
        time_ms: WALL_TO_CPU * cpu_ms,
        cpu_ms,
        output_bytes: 64 * MIB,
        files_bytes: 512 * MIB,
        files_count: 100_000,
        files_depth: 256,
        open_files: 4096,
        host_calls: u64::MAX >> 2,
        ..Limits::default()
    };
    let jar = Jar::open("python")?.with_limits(limits)?;
    let series = jar.image().version().rsplit_once('.').map_or("3", |(series, _)| series).to_owned();
    Ok(jar.with_grants(place(lib, &format!("/usr/lib/python{series}"))?))
}

/// Runs one module.
pub(crate) fn run(jar: &Jar, name: &str) -> Module {
    rounds::run(jar, name)
}

/// Places `Lib/test` where it would be in an installation.
fn place(lib: &Path, library: &str) -> Result<Grants> {
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
            let below = path.strip_prefix(lib).context("a file lies in its folder")?;
            grants = grants.file(format!("{library}/{}", below.display()), content);
        }
    }
    Ok(grants)
}

/// The names of all test modules and test packages, in order.
pub(crate) fn modules(lib: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for name in modules_in(&lib.join("test"))? {
        if SPLIT.contains(&name.as_str()) {
            let below = modules_in(&lib.join("test").join(&name))?;
            names.extend(below.into_iter().map(|module| format!("{name}.{module}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn modules_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_module =
            path.extension().is_some_and(|ending| ending == "py") || path.join("__init__.py").is_file();
        if is_module && name.starts_with("test_") {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_split_folders_stand_for_themselves() {
        let lib = tempfile::tempdir().unwrap();
        for file in
            ["test_a.py", "test_b/__init__.py", "test_b/test_x.py", "test_asyncio/test_y.py", "helper.py"]
        {
            let path = lib.path().join("test").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::write(lib.path().join("test/test_asyncio/__init__.py"), "").unwrap();
        assert_eq!(modules(lib.path()).unwrap(), ["test_a", "test_asyncio.test_y", "test_b"]);
    }
}
