//! The rule that files of a crate do not import each other in a circle.
//!
//! A folder's `mod.rs` is the face of its files, and may name them; everything else that a file imports counts.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::code::find_words;
use super::exceptions::CIRCLES;
use super::files::Tree;

/// A module, as the path from the root of its crate.
type Module = Vec<String>;

pub(super) fn no_circles(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let roots = tree.rust().filter_map(|(file, _)| {
        let (root, name) = file.path.rsplit_once('/')?;
        (root.ends_with("src") && ["lib.rs", "main.rs"].contains(&name)).then_some(root)
    });
    for root in roots.collect::<BTreeSet<_>>() {
        let imports = imports(tree, root);
        for circle in circles(&imports) {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            let shown = names.join(", ");
            if !CIRCLES.iter().any(|(known, _)| *known == shown) {
                found.push(Finding::new(root, 0, format!("these import each other: {shown}")));
            }
        }
    }
    found
}

/// For each module of the crate at `root`, the modules that it imports.
fn imports(tree: &Tree, root: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let sources = tree.rust().filter(|(file, _)| !file.is_test());
    let modules: BTreeMap<Module, &str> = sources
        .filter_map(|(file, code)| Some((module_of(file.path.strip_prefix(root)?)?, code.bare.as_str())))
        .collect();
    let resolve = |path: &[String]| {
        let known = (1..=path.len()).rev().map(|length| &path[..length]);
        known.into_iter().find(|path| modules.contains_key(*path)).map(<[String]>::to_vec)
    };
    let targets = |module: &Module, bare: &str| {
        let paths = paths(bare).into_iter().filter_map(|path| absolute(module, &path));
        // The face of a folder may name its files.
        paths.filter_map(|path| resolve(&path)).filter(|target| !target.starts_with(module)).collect()
    };
    modules.iter().map(|(module, bare)| (module.clone(), targets(module, bare))).collect()
}

/// The module in the file at `path`, from the crate's root; none for the root itself, which declares everything.
fn module_of(path: &str) -> Option<Module> {
    let mut parts: Module =
        path.trim_matches('/').strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    (!parts.is_empty()).then_some(parts)
}

/// The path from the crate's root that `path` means in `module`; none when it leads elsewhere.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let mut base = match path.first()?.as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "super" | "self" => module.clone(),
        _ => return None,
    };
    let ups = path.iter().take_while(|part| *part == "super").count();
    base.truncate(base.len().checked_sub(ups)?);
    let rest = path.iter().skip(ups).filter(|part| *part != "self");
    base.extend(rest.cloned());
    Some(base)
}

/// Every path that begins with `crate`, `super` or `self`, groups taken apart.
fn paths(bare: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate", "super", "self"] {
        for at in find_words(bare, start) {
            // The middle of a path is not its beginning.
            if !bare[..at].ends_with("::") && bare[at + start.len()..].starts_with("::") {
                expand(&bare[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Adds the paths that `text` begins with, behind `prefix`. Returns how much of it they take.
fn expand(text: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let depth = prefix.len();
    let mut at = 0;
    loop {
        let name: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += name.len();
        prefix.push(name);
        let Some(rest) = text[at..].strip_prefix("::") else { break };
        at += 2;
        if let Some(group) = rest.strip_prefix('{') {
            at += 1 + expand_group(group, prefix, found);
            prefix.truncate(depth);
            return at;
        }
    }
    found.push(prefix.clone());
    prefix.truncate(depth);
    at
}

/// The same for what follows an opening brace, up to the closing one.
fn expand_group(text: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if letter.is_alphanumeric() || letter == '_' {
            at += expand(&text[at..], prefix, found);
        } else {
            at += letter.len_utf8();
        }
        if letter == '}' {
            break;
        }
    }
    at
}

/// Sets of modules in which each can be reached from each other.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        imports.keys().map(|module| (module, reachable(imports, module))).collect();
    let mut found: Vec<BTreeSet<Module>> = Vec::new();
    for (module, reached) in &reach {
        if reached.contains(*module) && !found.iter().any(|circle| circle.contains(*module)) {
            let back = |other: &&Module| reach.get(*other).is_some_and(|reached| reached.contains(*module));
            found.push(reached.iter().filter(back).cloned().collect());
        }
    }
    found
}

fn reachable(imports: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = vec![from];
    while let Some(module) = next.pop() {
        for target in imports.get(module).into_iter().flatten() {
            if reached.insert(target.clone()) {
                next.push(target);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let root = [("x/src/lib.rs", "mod a; mod b;")];
        let files: Vec<(&str, &str)> = root.into_iter().chain(files.iter().copied()).collect();
        no_circles(&Tree::of(&files)).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_circle_is_found() {
        let files = [
            ("x/src/a.rs", "use crate::c::{d::{D, E}, f};"),
            ("x/src/b.rs", "fn f() { crate::a::g() }"),
            ("x/src/c/mod.rs", "mod d; use d::D;"),
            ("x/src/c/d.rs", "use super::super::b::B;"),
        ];
        assert_eq!(found(&files), ["these import each other: a, b, c::d"]);
    }

    #[test]
    fn a_face_may_name_its_files_and_they_may_name_it() {
        let files = [
            ("x/src/a/mod.rs", "mod b; use self::b::B; pub(crate) struct A;"),
            ("x/src/a/b.rs", "use super::A;"),
            ("x/src/c.rs", "use crate::a::{A, b::B};"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }
}
