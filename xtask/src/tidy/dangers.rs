//! The rule about `unsafe`: what the compiler does not check is listed and argued for in one page.

use super::Finding;
use super::files::{File, Tree};

/// The page: a row for each file, with the number of places and the argument.
const PAGE: &str = "docs/unsafe.md";

pub(super) fn unsafe_listed(tree: &Tree) -> Vec<Finding> {
    let rows: Vec<(usize, &str, Option<usize>)> = tree.file(PAGE).map(rows).unwrap_or_default();
    let mut found = Vec::new();
    for (file, code) in tree.rust() {
        let places = code.lines_with("unsafe").count();
        let listed = rows.iter().find(|(_, path, _)| *path == file.path).and_then(|(_, _, count)| *count);
        if places > 0 && listed != Some(places) {
            let line = code.lines_with("unsafe").next().unwrap_or_default();
            let what =
                format!("`unsafe` stands here {places} times, and {PAGE} says {}", listed.unwrap_or(0));
            found.push(Finding::new(&file.path, line, what));
        }
    }
    for (line, path, count) in rows {
        let there = tree.file(path).and_then(|file| file.code.as_ref());
        if count.is_none() || there.is_none_or(|code| code.lines_with("unsafe").next().is_none()) {
            found.push(Finding::new(PAGE, line, format!("`unsafe` does not stand in {path}")));
        }
    }
    found
}

/// `| [`path`](...) | number | argument |`
fn rows(page: &File) -> Vec<(usize, &str, Option<usize>)> {
    let rows = page.lines().filter_map(|(line, text)| {
        let (path, rest) = text.strip_prefix("| `")?.split_once("` |")?;
        Some((line, path, rest.split('|').next().and_then(|count| count.trim().parse().ok())))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str =
        "fn f() {\n    // SAFETY: unsafe is argued for\n    unsafe { g() }\n}\nunsafe impl S for T {}\n";

    #[test]
    fn what_is_not_listed_is_found() {
        let of =
            |page: &str| unsafe_listed(&Tree::of(&[("a.rs", CODE), ("b.rs", "fn f() {}\n"), (PAGE, page)]));
        assert!(of("| file | places | why |\n|---|---|---|\n| `a.rs` | 2 | it holds |\n").is_empty());
        let missing = "`unsafe` stands here 2 times, and docs/unsafe.md says 0";
        assert_eq!(of(""), [Finding::new("a.rs", 3, missing)]);
        let fewer = "`unsafe` stands here 2 times, and docs/unsafe.md says 1";
        assert_eq!(of("| `a.rs` | 1 | it holds |\n"), [Finding::new("a.rs", 3, fewer)]);
        let gone = "`unsafe` does not stand in b.rs";
        assert_eq!(of("| `a.rs` | 2 | x |\n| `b.rs` | 1 | x |\n"), [Finding::new(PAGE, 2, gone)]);
    }
}
