//! Which packages code may have, as plain data for whoever resolves them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a policy says of packages. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Packages {
    /// Requirements that every run has, for example "rich>=13".
    pub with: Vec<String>,
    /// Names of further packages that a run may ask for.
    pub allow: Vec<String>,
    /// Whether what a script says about itself (PEP 723) counts as asking.
    pub script_metadata: bool,
}

impl Packages {
    /// Whether a run may have the package `name`.
    ///
    /// ```
    /// use belljar::Packages;
    ///
    /// let packages = Packages { with: vec!["rich>=13".into()], allow: vec!["Ruamel.Yaml".into()], ..Packages::default() };
    /// assert!(packages.covers("ruamel-yaml") && packages.covers("Rich") && !packages.covers("requests"));
    /// ```
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let name = normal(name);
        let named = self
            .with
            .iter()
            .filter_map(|requirement| name_of(requirement))
            .chain(self.allow.iter().map(String::as_str));
        named.map(normal).any(|known| known == name)
    }
}

/// The name that a requirement begins with, if it does.
pub(super) fn name_of(requirement: &str) -> Option<&str> {
    let end = requirement.find(|letter: char| !is_of_name(letter)).unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at(end);
    let follows = rest.trim_start();
    let fits = follows.is_empty() || follows.starts_with(['<', '>', '=', '!', '~', '[', ';', '@', '(']);
    (fits && is_name(name)).then_some(name)
}

/// Whether this is the name of a package: letters, digits and `-_.` between them.
pub(super) fn is_name(name: &str) -> bool {
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    name.chars().all(is_of_name) && edge(name.chars().next()) && edge(name.chars().next_back())
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_.".contains(letter)
}

/// Names are compared without regard to case, and to which of `-_.` stand between letters.
fn normal(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_begins_with_a_name() {
        for (requirement, name) in [
            ("rich", "rich"),
            ("rich>=13,<15", "rich"),
            ("a.b-c [x] ; python_version > '3'", "a.b-c"),
            ("x@ http://h/x.whl", "x"),
        ] {
            assert_eq!(name_of(requirement), Some(name), "{requirement}");
        }
        for wrong in ["", ">=2", "-rich", "rich-", "two words", "--index-url=x", "../x"] {
            assert_eq!(name_of(wrong), None, "{wrong}");
        }
    }
}
