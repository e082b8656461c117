//! Runs every program of the corpus and compares its ending with what its first lines promise (`corpus/README.md`).
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::seen;
use belljar::{Jar, Request};
use belljar_corpus::{Expectation, circumstances};

/// Programs of packages: `programs.rs` runs them.
const PROGRAMS: &str = "programs";

/// What makes the corpus a crate, and no program.
const CRATE: [&str; 3] = ["src", "build.rs", "Cargo.toml"];

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
            if CRATE.iter().any(|name| path == corpus().join(name)) {
                continue;
            }
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

#[test]
fn every_program_ends_as_it_promises() {
    let mut failures = String::new();
    let mut count = 0;
    let only = std::env::var("BELLJAR_CORPUS").unwrap_or_default();
    for program in belljar_corpus::programs().iter().filter(|program| program.name.contains(&only)) {
        let expectation = program.expectation();
        let limits: belljar::Limits = serde_json::from_str(expectation.limits()).expect("limits are JSON");
        for engine in expectation.engines() {
            count += 1;
            let jar = Jar::open(engine).and_then(|jar| jar.with_limits(limits.clone()));
            let jar = jar
                .unwrap_or_else(|error| panic!("{engine}: {error} ({})", error.hint().unwrap_or("no hint")));
            match jar.run_blocking(Request::new(program.code).name(program.file_name())) {
                Ok(outcome) => {
                    let outcome = seen(&outcome);
                    let differences = expectation.differences(program.out, &outcome);
                    if !differences.is_empty() {
                        let differences = differences.join("\n  ");
                        let _ = writeln!(failures, "{} on {engine}\n  {differences}", program.name);
                        failures += &circumstances(&outcome);
                    }
                }
                Err(error) => {
                    let _ = writeln!(failures, "{} on {engine} was not run: {error}", program.name);
                }
            }
            // Whatever a program did, the next session of the same process is as good as new.
            let next = jar.run_blocking("1 + 1").expect("another session runs");
            assert_eq!(next.value.expect("a value").repr, "2", "after {}", program.name);
        }
    }
    assert!(count > 0, "the corpus is empty");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_program_is_compiled_in() {
    let ours = programs().into_iter().filter(|path| !path.starts_with(corpus().join(PROGRAMS)));
    let ours = ours.filter(|path| {
        path.extension().is_some_and(|ending| ["py", "js", "ts", "mjs"].iter().any(|known| ending == *known))
    });
    let ours =
        ours.map(|path| path.strip_prefix(corpus()).expect("it lies there").to_string_lossy().into_owned());
    let compiled: BTreeSet<String> =
        belljar_corpus::programs().iter().map(|program| program.name.to_owned()).collect();
    assert_eq!(ours.collect::<BTreeSet<_>>(), compiled);
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
            "md" | "json" | "txt" => {}
            "py" | "js" | "mjs" | "ts" => {
                let code = fs::read_to_string(path).expect("a program is text");
                let alone = Expectation::read(&path.to_string_lossy(), &code).one("twin").is_some();
                let twin = if ending == "py" { has(&["js", "mjs", "ts"]) } else { has(&["py"]) };
                assert!(twin != alone, "{}: either a twin or a reason why there is none", path.display());
            }
            _ => panic!("{} is neither a program nor an expected output", path.display()),
        }
    }
}
