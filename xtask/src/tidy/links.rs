//! Rules about documents: what they lead to exists.

use std::collections::BTreeSet;

use super::files::{File, Tree};
use super::{Finding, RULES};

/// The document that lists what is promised.
const PROMISES: &str = "docs/promises.md";

/// What stands in place of a test that is still to be written.
const PENDING: &str = "test pending";

pub(super) fn links_resolve(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in documents(tree) {
        for (line, text) in prose(file) {
            for target in targets(text).filter(|target| !leads_somewhere(tree, file, target)) {
                found.push(Finding::new(&file.path, line, format!("the link to {target} leads nowhere")));
            }
        }
    }
    found
}

pub(super) fn promises_have_tests(tree: &Tree) -> Vec<Finding> {
    let Some(promises) = tree.file(PROMISES) else { return Vec::new() };
    let mut found = Vec::new();
    for (line, row) in promises.lines().filter(|(_, text)| text.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let Some(test) = cells.last().filter(|cell| !["test", ""].contains(cell)) else { continue };
        if !test.contains(PENDING) && !test.contains('`') {
            found.push(Finding::new(PROMISES, line, format!("names no test, and does not say `{PENDING}`")));
        }
        for name in test.split('`').skip(1).step_by(2).filter(|name| !is_test(tree, name)) {
            found.push(Finding::new(PROMISES, line, format!("there is no test {name}")));
        }
    }
    found
}

pub(super) fn guards_exist(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in documents(tree) {
        for (line, text) in file.lines() {
            for name in text.split("`tidy: ").skip(1).filter_map(|rest| rest.split('`').next()) {
                if !RULES.iter().any(|rule| rule.name == name) {
                    found.push(Finding::new(&file.path, line, format!("`tidy` has no rule {name}")));
                }
            }
        }
    }
    found
}

fn documents(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files().iter().filter(|file| file.path.ends_with(".md"))
}

/// The lines of a document outside code blocks.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    file.lines().filter(move |(_, text)| {
        let fence = text.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The targets of the links in a line.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let reference =
        text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(reference)
}

fn leads_somewhere(tree: &Tree, from: &File, target: &str) -> bool {
    if ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return true;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { Some(from.path.clone()) } else { resolve(&from.path, path) };
    let Some(path) = path.filter(|path| tree.has(path)) else { return false };
    heading.is_empty() || tree.file(&path).is_none_or(|file| headings(file).contains(heading))
}

/// The path that `target` means in a document at `from`, if it stays within the tree.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The headings of a document, as links write them.
fn headings(file: &File) -> BTreeSet<String> {
    let titles = prose(file).filter(|(_, text)| text.starts_with('#'));
    titles
        .map(|(_, text)| {
            let title = text.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Whether `name` is a file or folder of tests, or `path::function`.
fn is_test(tree: &Tree, name: &str) -> bool {
    match name.split_once("::") {
        None => tree.has(name) || RULES.iter().any(|rule| name.strip_prefix("tidy: ") == Some(rule.name)),
        Some((path, function)) => tree.file(path).is_some_and(|file| {
            file.lines().any(|(_, text)| text.trim_start().contains(&format!("fn {function}(")))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let text = "# A b: `c`\n[a](x/b.md) [b](x) [c](#a-b-c) [d](https://x.y) [e](x/b.md#t)\n```\n[x](no.md)\n```\n";
        let tree = Tree::of(&[("a.md", text), ("x/b.md", "## T\n[up](../a.md)")]);
        assert_eq!(links_resolve(&tree), []);
        for bad in ["no.md", "x/no.md", "../a.md", "#no", "x/b.md#no"] {
            let tree = Tree::of(&[("a.md", &format!("[a]({bad})")), ("x/b.md", "## T")]);
            assert_eq!(links_resolve(&tree).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_promise_without_test_is_found() {
        let of = |cell: &str| {
            let text = format!("| promise | test |\n|---|---|\n| it holds | {cell} |\n");
            promises_have_tests(&Tree::of(&[
                (PROMISES, &text),
                ("x/a.rs", "fn works() {}"),
                ("corpus/a.py", ""),
            ]))
            .len()
        };
        for good in ["`x/a.rs::works`", "`corpus/a.py`, `x/a.rs::works`", "test pending", "`tidy: one-clock`"]
        {
            assert_eq!(of(good), 0, "{good}");
        }
        for bad in ["`x/a.rs::fails`", "`corpus/b.py`", "certainly", "`tidy: two-clocks`"] {
            assert_eq!(of(bad), 1, "{bad}");
        }
    }

    #[test]
    fn a_guard_that_does_not_exist_is_found() {
        let tree = Tree::of(&[("a.md", "held by `tidy: one-clock` and `tidy: two-clocks`")]);
        assert_eq!(guards_exist(&tree), [Finding::new("a.md", 1, "`tidy` has no rule two-clocks")]);
    }
}
