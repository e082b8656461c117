//! Rules about the shape of a file: how it opens, how long it and its functions are, what its code may not say.

use super::exceptions::LONG;
use super::files::{File, Tree};
use super::{Finding, code};

/// The most lines of a source file, tests not counted.
const FILE_LINES_MAX: usize = 500;

/// The most lines of a function, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Endings of source files whose length counts.
const SOURCES: [&str; 8] = ["rs", "c", "h", "py", "js", "mjs", "ts", "sh"];

pub(super) fn opening_line(tree: &Tree) -> Vec<Finding> {
    let opens = |file: &File| file.text.as_deref().is_some_and(|text| text.starts_with("//! "));
    let silent = tree.rust().filter(|(file, _)| !opens(file));
    silent.map(|(file, _)| Finding::new(&file.path, 1, "does not open with `//!` and a sentence")).collect()
}

pub(super) fn file_length(tree: &Tree) -> Vec<Finding> {
    let is_source = |file: &&File| {
        let ending = file.path.rsplit_once('.').map(|(_, ending)| ending);
        ending.is_some_and(|ending| SOURCES.contains(&ending)) && !file.is_test()
    };
    let measured = tree.files().iter().filter(is_source).map(|file| {
        let total = file.lines().count();
        (file, file.code.as_ref().map_or(total, |code| code.lines_without_tests(total)))
    });
    measured
        .filter(|(file, lines)| *lines > FILE_LINES_MAX && !is_listed(&file.path))
        .map(|(file, lines)| {
            Finding::new(&file.path, 0, format!("{lines} lines, and {FILE_LINES_MAX} at most"))
        })
        .collect()
}

pub(super) fn function_length(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, code) in tree.rust() {
        for function in code.functions().iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
            if !is_listed(&format!("{}::{}", file.path, function.name)) {
                let what = format!(
                    "`{}` has {} lines, and {FUNCTION_LINES_MAX} at most",
                    function.name, function.lines
                );
                found.push(Finding::new(&file.path, function.line, what));
            }
        }
    }
    found
}

pub(super) fn no_unwrap(tree: &Tree) -> Vec<Finding> {
    says(tree, ".unwrap()", "`unwrap()` outside tests: handle it, or `expect` with the proof")
}

pub(super) fn no_ignored_test(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().iter().filter(|file| file.path.ends_with(".rs")) {
        for (line, text) in file.lines().filter(|(_, text)| text.trim_start().starts_with("#[ignore")) {
            found.push(Finding::new(&file.path, line, format!("`{}`", text.trim())));
        }
    }
    found
}

fn says(tree: &Tree, text: &str, what: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, code) in tree.rust().filter(|(file, _)| !file.is_test()) {
        for (at, _) in code.bare.match_indices(text) {
            found.push(Finding::new(&file.path, code::line_of(&code.bare, at), what));
        }
    }
    found
}

fn is_listed(what: &str) -> bool {
    LONG.iter().any(|(long, _)| *long == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_opening_line_is_found() {
        let tree = Tree::of(&[("a.rs", "//! Good.\n"), ("b.rs", "use std::fmt;\n"), ("c.rs", "")]);
        let found: Vec<_> = opening_line(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["b.rs", "c.rs"]);
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "\n".repeat(501);
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(499), "\n".repeat(300));
        let tree = Tree::of(&[("a.c", &long), ("b.rs", &tests), ("c.md", &long)]);
        assert_eq!(file_length(&tree), [Finding::new("a.c", 0, "501 lines, and 500 at most")]);
    }

    #[test]
    fn a_long_function_is_found() {
        let of = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
        assert!(function_length(&Tree::of(&[("a.rs", &of(70))])).is_empty());
        let found = function_length(&Tree::of(&[("a.rs", &of(71))]));
        assert_eq!(found, [Finding::new("a.rs", 1, "`f` has 71 lines, and 70 at most")]);
    }

    #[test]
    fn unwrap_is_found_outside_tests_alone() {
        let text = "fn f() { g().unwrap() }\n#[cfg(test)]\nmod tests { fn f() { g().unwrap() } }\n";
        let tree = Tree::of(&[("a.rs", text), ("x/tests/a.rs", text)]);
        assert_eq!(no_unwrap(&tree).len(), 1);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let attribute = concat!("#[", "ignore]");
        let tree = Tree::of(&[("x/tests/a.rs", &format!("#[test]\n{attribute}\nfn f() {{}}\n"))]);
        assert_eq!(no_ignored_test(&tree), [Finding::new("x/tests/a.rs", 2, format!("`{attribute}`"))]);
    }
}
