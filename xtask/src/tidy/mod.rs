//! `cargo xtask tidy`: the rules of the tree that no compiler checks.
//!
//! A rule is a function from the tree to what it found. What a rule lets pass stands in `exceptions.rs`, with the reason.

mod borders;
mod circles;
mod code;
mod dangers;
mod exceptions;
mod files;
mod links;
mod shape;
mod tables;
mod text;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use files::Tree;

/// A place that breaks a rule, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// From 1; 0 where it is about the whole file.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

/// One rule: the name that documents use for it, what it demands, and the check.
struct Rule {
    name: &'static str,
    demands: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: [Rule; 26] = [
    Rule {
        name: "opening-line",
        demands: "a Rust file opens with a line that says what it is",
        check: shape::opening_line,
    },
    Rule {
        name: "file-length",
        demands: "a source file has at most 500 lines, its tests not counted",
        check: shape::file_length,
    },
    Rule {
        name: "function-length",
        demands: "a Rust function has at most 70 lines",
        check: shape::function_length,
    },
    Rule { name: "no-unwrap", demands: "only tests call `unwrap()`", check: shape::no_unwrap },
    Rule { name: "no-ignored-test", demands: "a test runs, or is not there", check: shape::no_ignored_test },
    Rule {
        name: "wasmtime-in-engine",
        demands: "the library names wasmtime under `engine/` alone",
        check: borders::wasmtime_in_engine,
    },
    Rule {
        name: "system-in-owners",
        demands: "the library touches files, environment, network, processes and clocks only in the files that own them",
        check: borders::system_in_owners,
    },
    Rule {
        name: "unsafe-listed",
        demands: "every `unsafe` is listed in `docs/unsafe.md`, with its argument",
        check: dangers::unsafe_listed,
    },
    Rule { name: "one-way-in", demands: "guest code is entered in one place", check: borders::one_way_in },
    Rule {
        name: "one-clock",
        demands: "the epoch is advanced in `engine/clock.rs` alone",
        check: borders::one_clock,
    },
    Rule {
        name: "host-below-engine",
        demands: "`host/` knows neither the engine nor sessions nor the language",
        check: borders::host_below_engine,
    },
    Rule { name: "one-gate", demands: "a plan is made in `admit.rs` alone", check: borders::one_gate },
    Rule {
        name: "library-prints-nothing",
        demands: "the library prints nothing",
        check: borders::library_prints_nothing,
    },
    Rule {
        name: "no-unbounded-channel",
        demands: "every channel has a bound",
        check: borders::no_unbounded_channel,
    },
    Rule {
        name: "no-circles",
        demands: "files of a crate do not import each other in a circle",
        check: circles::no_circles,
    },
    Rule {
        name: "crate-direction",
        demands: "crates depend on each other in one direction",
        check: borders::crate_direction,
    },
    Rule {
        name: "no-binaries",
        demands: "no file of the tree is binary or larger than 1 MiB",
        check: text::no_binaries,
    },
    Rule {
        name: "no-home-paths",
        demands: "no file names a folder of somebody's machine",
        check: text::no_home_paths,
    },
    Rule {
        name: "no-registry-hosts",
        demands: "no file names the host of a package registry",
        check: text::no_registry_hosts,
    },
    Rule {
        name: "no-vendor-names",
        demands: "no file names an assistant or its vendor",
        check: text::no_vendor_names,
    },
    Rule {
        name: "links-resolve",
        demands: "a link in a document leads to a file and a heading that exist",
        check: links::links_resolve,
    },
    Rule {
        name: "promises-have-tests",
        demands: "a promise in `docs/promises.md` names a test that exists, or says `test pending`",
        check: links::promises_have_tests,
    },
    Rule {
        name: "guards-exist",
        demands: "a document that names a rule of `tidy` names one that exists",
        check: links::guards_exist,
    },
    Rule {
        name: "limits-documented",
        demands: "every limit stands in the table of `Limits`",
        check: tables::limits_documented,
    },
    Rule {
        name: "limits-enforced",
        demands: "every limit has a range, and a request cannot raise it",
        check: tables::limits_enforced,
    },
    Rule {
        name: "corpus-keys",
        demands: "a program of the corpus uses the keys that `corpus/README.md` lists",
        check: tables::corpus_keys,
    },
];

/// Checks them all and shows every finding.
pub(crate) fn tidy() -> Result<()> {
    let tree = Tree::read(crate::tree::root())?;
    let mut broken = BTreeSet::new();
    for rule in &RULES {
        for Finding { path, line, what } in (rule.check)(&tree) {
            broken.insert(rule.name);
            let place = if line == 0 { path } else { format!("{path}:{line}") };
            println!("{place}: {what} [{}]", rule.name);
        }
    }
    if broken.is_empty() {
        println!("tidy: {} rules hold over {} files", RULES.len(), tree.files().len());
        return Ok(());
    }
    let demands: Vec<String> = RULES
        .iter()
        .filter(|rule| broken.contains(rule.name))
        .map(|rule| format!("\n  {}: {}", rule.name, rule.demands))
        .collect();
    bail!("{} of {} rules are broken:{}", broken.len(), RULES.len(), demands.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_names_of_their_own() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
