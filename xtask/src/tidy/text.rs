//! Rules about all text of the tree, whatever its language.

use super::Finding;
use super::exceptions::may_say;
use super::files::Tree;

/// The most bytes of one file.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Folders in which people keep their things. Guests have no such folders.
const HOMES: [&str; 3] = [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];

/// Hosts of package registries. Registries are reached through their own clients, which know where they are.
const REGISTRIES: [&str; 7] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("://", "crates.io"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("registry.", "npmjs"),
    concat!("deb.", "debian.org"),
];

/// Words that have no business in a tree that is about running code.
const VENDORS: [&str; 8] = [
    concat!("clau", "de"),
    concat!("anth", "ropic"),
    concat!("open", "ai"),
    concat!("chat", "gpt"),
    concat!("co", "pilot"),
    concat!("gem", "ini"),
    concat!("deep", "seek"),
    concat!("code", "x"),
];

pub(super) fn no_binaries(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().iter().filter(|file| !may_say(&file.path, "binary")) {
        if file.text.is_none() {
            found.push(Finding::new(&file.path, 0, "is not text: generate it, or list it with its reason"));
        } else if file.bytes > FILE_BYTES_MAX {
            let what = format!("{} bytes, and {FILE_BYTES_MAX} at most", file.bytes);
            found.push(Finding::new(&file.path, 0, what));
        }
    }
    found
}

pub(super) fn no_home_paths(tree: &Tree) -> Vec<Finding> {
    containing(tree, &HOMES, "a folder of somebody's machine", |before| !before.is_some_and(is_path))
}

pub(super) fn no_registry_hosts(tree: &Tree) -> Vec<Finding> {
    // `Cargo.lock` says for each package where it came from; cargo writes that.
    let mut found = containing(tree, &REGISTRIES, "the host of a registry", |_| true);
    found.retain(|finding| !finding.path.ends_with("Cargo.lock"));
    found
}

pub(super) fn no_vendor_names(tree: &Tree) -> Vec<Finding> {
    let mut found = containing(tree, &VENDORS, "an assistant or its vendor", |before| {
        !before.is_some_and(char::is_alphabetic)
    });
    found.retain(|finding| !finding.path.ends_with("Cargo.lock"));
    found
}

/// A finding for each line that contains one of `words`, in any case, where `counts` holds for the character before.
fn containing(
    tree: &Tree,
    words: &[&str],
    what: &str,
    counts: impl Fn(Option<char>) -> bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files() {
        for (line, text) in file.lines() {
            let lower = text.to_lowercase();
            for word in words.iter().map(|word| word.to_lowercase()) {
                let mut places = lower.match_indices(&word);
                let said = places.any(|(at, _)| counts(lower[..at].chars().next_back()));
                if said && !may_say(&file.path, &word) {
                    found.push(Finding::new(&file.path, line, format!("`{word}` is {what}")));
                }
            }
        }
    }
    found
}

/// Whether a slash after this character is the middle of a path.
fn is_path(before: char) -> bool {
    before.is_alphanumeric() || "._-$}".contains(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_found() {
        let large = "x".repeat(FILE_BYTES_MAX + 1);
        let tree = Tree::of(&[("a.wasm", "\0asm"), ("b.txt", &large), ("c.txt", "text")]);
        let paths: Vec<_> = no_binaries(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["a.wasm", "b.txt"]);
    }

    #[test]
    fn a_home_folder_is_found() {
        let bad = format!("see {}me/x", HOMES[0]);
        let good = format!("$XDG{}me/x", HOMES[0]);
        let found = no_home_paths(&Tree::of(&[("a.md", &bad), ("b.md", &good)]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("a.md", 1));
    }

    #[test]
    fn a_registry_host_is_found_outside_the_lock_file() {
        let url = format!("https://{}/x", REGISTRIES[0]);
        let found =
            no_registry_hosts(&Tree::of(&[("a.toml", &url), ("Cargo.lock", &url), ("b.md", "crates.io")]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_vendor_is_found_in_any_case() {
        let name = VENDORS[1].to_uppercase();
        assert_eq!(no_vendor_names(&Tree::of(&[("a.md", &name)])).len(), 1);
        assert!(no_vendor_names(&Tree::of(&[("a.md", "a plain sentence")])).is_empty());
    }
}
