//! Rules about who may know whom: the absences that ARCHITECTURE.md promises.

use super::Finding;
use super::code::{Code, line_of};
use super::exceptions::{CALLERS, OWNERS};
use super::files::{File, Tree};

/// Parts of the machine that have owners.
const SYSTEM: [&str; 6] = ["std::fs", "std::env", "std::net", "std::process", "SystemTime", "Instant"];

/// What `host/` may not know.
const ABOVE_HOST: [&str; 5] = ["crate::engine", "crate::session", "crate::jar", "crate::admit", "Language"];

/// Ways to make a channel or a queue without a bound.
const UNBOUNDED: [&str; 3] = ["unbounded_channel", "mpsc::channel", "unbounded"];

/// Which crates each crate may name.
const DIRECTION: [(&str, &[&str]); 8] = [
    // Tests read the corpus, and what fuzz targets are tried with.
    ("crates/belljar/", &["belljar-corpus", "belljar-fuzz-inputs"]),
    ("corpus/", &[]),
    ("fuzz/inputs/", &[]),
    ("crates/packages/", &["belljar-fuzz-inputs"]),
    ("crates/mcp/", &["belljar", "belljar-fuzz-inputs"]),
    ("crates/server/", &["belljar", "belljar-mcp"]),
    ("crates/python/", &["belljar"]),
    ("xtask/", &[]),
];

pub(super) fn wasmtime_in_engine(tree: &Tree) -> Vec<Finding> {
    let outside = tree.rust().filter(|(file, _)| {
        file.path.starts_with("crates/") && !file.path.starts_with("crates/belljar/src/engine/")
    });
    named(outside, &["wasmtime", "wasmtime_wizer"], "belongs under `crates/belljar/src/engine/`")
}

pub(super) fn system_in_owners(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, code) in tree.library() {
        for (line, part) in system_parts(code) {
            if !owns(&file.path, &part) {
                found.push(Finding::new(&file.path, line, format!("`{part}` is not this file's to use")));
            }
        }
    }
    found
}

/// Guest code is entered at one place; other WebAssembly, which runs none of it, is called from the files that are listed.
pub(super) fn one_way_in(tree: &Tree) -> Vec<Finding> {
    const ENTRY: &str = "\"belljar_enter\"";
    let mut entries = Vec::new();
    let mut found = Vec::new();
    for (file, code) in tree.library() {
        for (at, _) in code.with_strings.match_indices(ENTRY) {
            entries.push(Finding::new(&file.path, line_of(&code.bare, at), "guest code is entered here"));
        }
        if !CALLERS.iter().any(|(caller, _)| file.path == *caller) {
            let lines = code.lines_with("call_async");
            found.extend(lines.map(|line| Finding::new(&file.path, line, "WebAssembly is called here")));
        }
    }
    // A tree without the library has no way in, and needs none.
    let expected = usize::from(tree.library().next().is_some());
    match entries.len() {
        n if n == expected => {}
        0 => found.push(Finding::new("crates/belljar/src", 0, "guest code is entered nowhere")),
        _ => found.extend(entries),
    }
    found
}

pub(super) fn one_clock(tree: &Tree) -> Vec<Finding> {
    let others = tree.rust().filter(|(file, _)| file.path != "crates/belljar/src/engine/clock.rs");
    named(others, &["increment_epoch"], "belongs to `engine/clock.rs`")
}

pub(super) fn host_below_engine(tree: &Tree) -> Vec<Finding> {
    let host = tree.library().filter(|(file, _)| file.path.starts_with("crates/belljar/src/host/"));
    named(host, &ABOVE_HOST, "is above the host")
}

pub(super) fn one_gate(tree: &Tree) -> Vec<Finding> {
    let others = tree.library().filter(|(file, _)| file.path != "crates/belljar/src/admit.rs");
    named(others, &["Plan {"], "belongs to `admit.rs`")
}

pub(super) fn library_prints_nothing(tree: &Tree) -> Vec<Finding> {
    named(
        tree.library(),
        &["print!", "println!", "eprint!", "eprintln!", "dbg!"],
        "has no place in a library",
    )
}

pub(super) fn no_unbounded_channel(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust().filter(|(file, _)| file.path.starts_with("crates/") && !file.is_test());
    named(files, &UNBOUNDED, "has no bound")
}

pub(super) fn crate_direction(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (folder, allowed) in DIRECTION {
        let Some(manifest) = tree.file(&format!("{folder}Cargo.toml")) else { continue };
        for (line, text) in manifest.lines() {
            let name = text.split([' ', '=', '.']).next().unwrap_or_default();
            if name.starts_with("belljar") && !allowed.contains(&name) {
                found.push(Finding::new(&manifest.path, line, format!("may not depend on {name}")));
            }
        }
    }
    found
}

/// A finding for each place where one of `words` stands.
fn named<'a>(files: impl Iterator<Item = (&'a File, &'a Code)>, words: &[&str], what: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, code) in files {
        for word in words {
            let lines = code.lines_with(word);
            found.extend(lines.map(|line| Finding::new(&file.path, line, format!("`{word}` {what}"))));
        }
    }
    found
}

fn owns(path: &str, part: &str) -> bool {
    OWNERS.iter().any(|(owner, parts)| {
        let own = path == *owner || (owner.ends_with('/') && path.starts_with(owner));
        own && parts.contains(&part)
    })
}

/// Each use of a part of the machine: its line and its name. `rustix` counts by its module.
fn system_parts(code: &Code) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for part in SYSTEM {
        found.extend(code.lines_with(part).map(|line| (line, part.to_owned())));
    }
    for (at, _) in code.bare.match_indices("rustix::") {
        let rest = &code.bare[at + "rustix::".len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        found.push((line_of(&code.bare, at), format!("rustix::{}", &rest[..end])));
    }
    found.extend(grouped(&code.bare));
    found
}

/// The parts in `use std::{a, b::c}`.
fn grouped(bare: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, open) in bare.match_indices("use std::{") {
        let (mut depth, mut fresh) = (0, true);
        for (offset, letter) in bare[at + open.len()..].char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => fresh = true,
                _ if fresh && letter.is_alphabetic() => {
                    fresh = false;
                    let start = at + open.len() + offset;
                    let word: String = bare[start..].chars().take_while(|c| c.is_alphanumeric()).collect();
                    let part = format!("std::{word}");
                    if SYSTEM.contains(&part.as_str()) {
                        found.push((line_of(bare, start), part));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SRC: &str = "crates/belljar/src/";

    fn library(path: &str, text: &str) -> Tree {
        Tree::of(&[(&format!("{SRC}{path}"), text)])
    }

    #[test]
    fn wasmtime_outside_the_engine_is_found() {
        assert!(wasmtime_in_engine(&library("engine/a.rs", "use wasmtime::Store;")).is_empty());
        assert!(wasmtime_in_engine(&library("jar.rs", "// wasmtime is below\n")).is_empty());
        assert_eq!(wasmtime_in_engine(&library("jar.rs", "use wasmtime::Store;")).len(), 1);
        assert_eq!(wasmtime_in_engine(&Tree::of(&[("crates/cli/src/a.rs", "wasmtime::x()")])).len(), 1);
    }

    #[test]
    fn the_machine_is_found_outside_its_owners() {
        for text in [
            "std::fs::read(p)",
            "use std::{fmt, net::{IpAddr, Ipv4Addr}};",
            "Instant::now()",
            "rustix::fs::open()",
        ] {
            assert_eq!(system_in_owners(&library("session.rs", text)).len(), 1, "{text}");
        }
        assert!(system_in_owners(&library("session.rs", "use std::{fmt, io}; std::sync::Arc")).is_empty());
        assert!(system_in_owners(&library("host/stopwatch.rs", "Instant::now()")).is_empty());
        assert_eq!(system_in_owners(&library("host/stopwatch.rs", "SystemTime::now()")).len(), 1);
    }

    #[test]
    fn a_second_way_in_is_found() {
        let once = "f(\"belljar_enter\")";
        assert!(one_way_in(&library("engine/instance.rs", once)).is_empty());
        assert_eq!(one_way_in(&library("engine/instance.rs", "f()")).len(), 1);
        let twice = [(&*format!("{SRC}a.rs"), once), (&*format!("{SRC}b.rs"), once)];
        assert_eq!(one_way_in(&Tree::of(&twice)).len(), 2);
        let called =
            [(&*format!("{SRC}engine/instance.rs"), once), (&*format!("{SRC}a.rs"), "f.call_async(s)")];
        assert_eq!(one_way_in(&Tree::of(&called)).len(), 1);
    }

    #[test]
    fn a_second_clock_is_found() {
        assert!(one_clock(&library("engine/clock.rs", "engine.increment_epoch()")).is_empty());
        assert_eq!(one_clock(&library("engine/deadline.rs", "engine.increment_epoch()")).len(), 1);
    }

    #[test]
    fn a_host_that_knows_the_engine_is_found() {
        assert!(host_below_engine(&library("host/output.rs", "use crate::limits::Limits;")).is_empty());
        assert_eq!(host_below_engine(&library("host/output.rs", "use crate::engine::State;")).len(), 1);
        assert_eq!(host_below_engine(&library("host/a.rs", "if x == Language::Python {}")).len(), 1);
    }

    #[test]
    fn a_second_gate_is_found() {
        assert!(one_gate(&library("admit.rs", "Ok(Plan { code })")).is_empty());
        assert!(one_gate(&library("session.rs", "fn run(plan: Plan) -> x {}")).is_empty());
        assert_eq!(one_gate(&library("session.rs", "run(Plan { code })")).len(), 1);
    }

    #[test]
    fn a_library_that_prints_is_found() {
        assert!(library_prints_nothing(&library("a.rs", "printed(\"println!\"); // println!")).is_empty());
        assert_eq!(library_prints_nothing(&library("a.rs", "println!(\"x\")")).len(), 1);
    }

    #[test]
    fn a_channel_without_bound_is_found() {
        assert!(no_unbounded_channel(&library("a.rs", "mpsc::sync_channel(4)")).is_empty());
        assert_eq!(no_unbounded_channel(&library("a.rs", "tokio::sync::mpsc::unbounded_channel()")).len(), 1);
    }

    #[test]
    fn a_dependency_upwards_is_found() {
        let of = |text| crate_direction(&Tree::of(&[("crates/belljar/Cargo.toml", text)])).len();
        assert_eq!(of("[dependencies]\nserde.workspace = true\n"), 0);
        assert_eq!(of("[dependencies]\nbelljar-mcp.workspace = true\n"), 1);
    }
}
