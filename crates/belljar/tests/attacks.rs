//! `docs/attacks.md` and the tests agree: every test that it names exists, and no program that stands for a row is missing.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The tests that each row names, and whether the row waits for something.
fn rows() -> BTreeMap<u32, (BTreeSet<String>, bool)> {
    let text = fs::read_to_string(root().join("docs/attacks.md")).expect("the table can be read");
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(number) = cells.get(1).and_then(|cell| cell.parse().ok()) else { continue };
        let tests = cells[3].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let row = (tests, cells[2].contains("*Waiting for"));
        assert!(rows.insert(number, row).is_none(), "row {number} is there twice");
    }
    rows
}

/// The programs of the corpus that stand for each row, by name without their ending.
fn programs() -> BTreeMap<u32, BTreeSet<String>> {
    let mut programs: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for program in belljar_corpus::programs() {
        let expectation = program.expectation();
        let (rows, _) = expectation.rows();
        assert!(!rows.is_empty() || expectation.one("row").is_none(), "{}: a row has a number", program.name);
        let (name, _) = program.name.rsplit_once('.').expect("a program has an ending");
        for row in rows {
            programs.entry(row).or_default().insert(name.to_owned());
        }
    }
    programs
}

#[test]
fn every_row_of_the_groups_that_are_due_is_there() {
    let due: BTreeSet<u32> = (1..=101).chain([105, 107, 110]).chain(113..=120).collect();
    assert_eq!(rows().into_keys().collect::<BTreeSet<_>>(), due);
}

#[test]
fn every_row_has_a_test_or_says_what_it_waits_for() {
    for (number, (tests, waits)) in rows() {
        assert!(!tests.is_empty() || waits, "row {number} has no test");
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let programs = programs();
    for (number, (tests, _)) in rows() {
        for test in tests {
            if let Some((file, name)) = test.split_once("::") {
                // Units of the surface of models have their tests beside them.
                let places = ["belljar/tests", "cli/tests", "mcp/src"];
                let places = places.map(|folder| root().join(format!("crates/{folder}/{file}.rs")));
                let text = places.iter().find_map(|path| fs::read_to_string(path).ok());
                let text = text.unwrap_or_else(|| panic!("row {number}: no file of tests {file}"));
                assert!(text.contains(&format!("fn {name}(")), "row {number}: no test {test}");
            } else {
                let stands = programs.get(&number).is_some_and(|names| names.contains(&test));
                assert!(stands, "row {number}: no program {test} that stands for it");
            }
        }
    }
}

#[test]
fn every_program_that_stands_for_a_row_is_named_there() {
    let rows = rows();
    for (number, names) in programs() {
        let (tests, _) = rows.get(&number).unwrap_or_else(|| panic!("there is no row {number}: {names:?}"));
        for name in names {
            assert!(tests.contains(&name), "row {number} does not name {name}");
        }
    }
}
