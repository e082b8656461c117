//! Runs every program of the corpus and compares its ending with what its first lines promise (`corpus/README.md`).
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::expectation;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use belljar::{Jar, Request};
use expectation::Expectation;

/// Programs of packages: `programs.rs` runs them.
const PROGRAMS: &str = "programs";

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

/// All programs, by folder, in order.
fn programs() -> Vec<PathBuf> {
    let mut programs = Vec::new();
    let mut folders = vec![corpus()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the corpus can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                programs.push(path);
            }
        }
    }
    programs.sort();
    programs
}

fn is_output(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "out")
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["py", "js", "mjs", "ts"].iter().any(|known| ending == *known))
}

#[test]
fn every_program_ends_as_it_promises() {
    let mut failures = String::new();
    let mut count = 0;
    let only = std::env::var("BELLJAR_CORPUS").unwrap_or_default();
    let chosen = |path: &PathBuf| {
        is_program(path)
            && !path.starts_with(corpus().join(PROGRAMS))
            && path.to_string_lossy().contains(&only)
    };
    for path in programs().into_iter().filter(chosen) {
        let code = fs::read_to_string(&path).expect("a program is text");
        let expectation = Expectation::read(&path, &code);
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        for engine in expectation.engines(&path) {
            count += 1;
            let jar = Jar::open(&engine).and_then(|jar| jar.with_limits(expectation.limits()));
            let jar = jar
                .unwrap_or_else(|error| panic!("{engine}: {error} ({})", error.hint().unwrap_or("no hint")));
            let differences = match jar.run_blocking(Request::new(code.clone()).name(name.clone())) {
                Ok(outcome) => expectation.differences(&path, &outcome),
                Err(error) => format!("  was not run: {error}\n"),
            };
            if !differences.is_empty() {
                let _ = writeln!(failures, "{} on {engine}\n{differences}", path.display());
            }
            // Whatever a program did, the next session of the same process is as good as new.
            let next = jar.run_blocking("1 + 1").expect("another session runs");
            assert_eq!(next.value.expect("a value").repr, "2", "after {}", path.display());
        }
    }
    assert!(count > 0, "the corpus is empty");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_program_has_its_twin_and_every_output_its_program() {
    let all: BTreeSet<PathBuf> = programs().into_iter().collect();
    // Programs of packages have no twins: a package is of one language.
    for path in all.iter().filter(|path| !path.starts_with(corpus().join(PROGRAMS)) || is_output(path)) {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let has = |endings: &[&str]| endings.iter().any(|ending| all.contains(&path.with_extension(ending)));
        match ending {
            "out" => assert!(has(&["py", "js", "mjs", "ts"]), "{} belongs to no program", path.display()),
            "md" | "json" => {}
            "py" | "js" | "mjs" | "ts" => {
                let code = fs::read_to_string(path).expect("a program is text");
                let alone = Expectation::read(path, &code).one("twin").is_some();
                let twin = if ending == "py" { has(&["js", "mjs", "ts"]) } else { has(&["py"]) };
                assert!(twin != alone, "{}: either a twin or a reason why there is none", path.display());
            }
            _ => panic!("{} is neither a program nor an expected output", path.display()),
        }
    }
}
