//! Rules about tables that say the same thing in two places: the code and what describes it agree.

use super::Finding;
use super::exceptions::NOT_BOUNDS;
use super::files::{File, Tree};

const LIMITS: &str = "crates/belljar/src/limits.rs";
const ADMIT: &str = "crates/belljar/src/admit.rs";
const CORPUS: &str = "corpus/README.md";

pub(super) fn limits_documented(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(LIMITS) else { return Vec::new() };
    let rows = first_cells(file, "/// | `");
    let missing = limits(file).filter(|(_, name)| !rows.contains(name));
    missing.map(|(line, name)| Finding::new(LIMITS, line, format!("{name} is not in the table"))).collect()
}

pub(super) fn limits_enforced(tree: &Tree) -> Vec<Finding> {
    let (Some(file), Some(gate)) = (tree.file(LIMITS), tree.file(ADMIT)) else { return Vec::new() };
    let mut found = Vec::new();
    for (line, name) in limits(file) {
        for (file, what) in [(file, "has no range in `check`"), (gate, "can be raised by a request")] {
            let quoted = format!("\"{name}\"");
            if !file.code.as_ref().is_some_and(|code| code.with_strings.contains(&quoted)) {
                found.push(Finding::new(LIMITS, line, format!("{name} {what}")));
            }
        }
    }
    found
}

pub(super) fn corpus_keys(tree: &Tree) -> Vec<Finding> {
    let Some(readme) = tree.file(CORPUS) else { return Vec::new() };
    let known = first_cells(readme, "| `");
    let mut found = Vec::new();
    for file in tree.files().iter().filter(|file| file.path.starts_with("corpus/")) {
        let mark = if file.path.ends_with(".py") { "#:" } else { "//:" };
        let head = file.lines().map_while(|(line, text)| Some((line, text.strip_prefix(mark)?)));
        for (line, text) in head {
            let key = text.split_once(':').map(|(key, _)| key.trim()).unwrap_or_default();
            if !known.iter().any(|name| name == key) {
                found.push(Finding::new(&file.path, line, format!("`{key}` is not a key")));
            }
        }
    }
    found
}

/// The bounds among the fields of `Limits`, with their lines.
fn limits(file: &File) -> impl Iterator<Item = (usize, String)> {
    let fields = file.lines().skip_while(|(_, text)| *text != "pub struct Limits {").skip(1);
    let fields = fields.take_while(|(_, text)| *text != "}");
    let names = fields.filter_map(|(line, text)| {
        let (name, _) = text.trim_start().strip_prefix("pub ")?.split_once(':')?;
        Some((line, name.to_owned()))
    });
    names.filter(|(_, name)| !NOT_BOUNDS.iter().any(|(choice, _)| choice == name))
}

/// What stands in backquotes in the first cell of each row.
fn first_cells(file: &File, row: &str) -> Vec<String> {
    let cells = file.lines().filter_map(|(_, text)| text.strip_prefix(row)?.split('`').next());
    cells.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// | `time_ms` | ms |\npub struct Limits {\n    /// Time.\n    pub time_ms: u64,\n    pub fuel: u64,\n}\n";

    #[test]
    fn a_limit_without_a_row_is_found() {
        let found = limits_documented(&Tree::of(&[(LIMITS, TEXT)]));
        assert_eq!(found, [Finding::new(LIMITS, 5, "fuel is not in the table")]);
    }

    #[test]
    fn a_limit_that_nothing_holds_is_found() {
        let check = format!("{TEXT}fn check() {{ within(\"time_ms\"); within(\"fuel\") }}\n");
        let tree = Tree::of(&[(LIMITS, &check), (ADMIT, "fn narrow() { [\"time_ms\"] }")]);
        assert_eq!(limits_enforced(&tree), [Finding::new(LIMITS, 5, "fuel can be raised by a request")]);
    }

    #[test]
    fn an_unknown_key_is_found() {
        let tree = Tree::of(&[
            (CORPUS, "| key | meaning |\n|---|---|\n| `ended` | how |\n"),
            ("corpus/a.py", "#: ended: completed\n#: endet: raised\nx = 1\n"),
            ("corpus/a.js", "//: ended: completed\n"),
        ]);
        assert_eq!(corpus_keys(&tree), [Finding::new("corpus/a.py", 2, "`endet` is not a key")]);
    }
}
