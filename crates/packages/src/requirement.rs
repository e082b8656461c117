//! Requirements: what may be asked for. Their grammar is the resolver's; what is checked here is that one asks for a package of the index,
//! and for nothing else.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::specifier::Specifiers;

/// The longest requirement, in bytes.
const REQUIREMENT_BYTES_MAX: usize = 1024;

/// A package by name, perhaps with extras, versions and a marker, as PEP 508 writes them. Never a path, an address or an option.
///
/// ```
/// use belljar_packages::Requirement;
///
/// let requirement: Requirement = "Rich[jupyter]>=13,<14 ; python_version >= '3.8'".parse()?;
/// assert_eq!(requirement.name(), "rich");
/// assert!("six @ https://example.com/six.whl".parse::<Requirement>().is_err());
/// assert!("--index-url=https://example.com".parse::<Requirement>().is_err());
/// # Ok::<(), belljar_packages::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    text: String,
    name: String,
}

impl Requirement {
    /// The package's name, normalised: lower case, with single hyphens.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a version is one of those asked for. None where that cannot be told here.
    #[must_use]
    pub fn accepts(&self, version: &str) -> Option<bool> {
        let rest = self.text[name_of(&self.text).len()..].trim();
        if rest.contains(['[', ';', '(']) {
            return None;
        }
        rest.parse::<Specifiers>().ok()?.accept(version)
    }
}

impl FromStr for Requirement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refuse = |problem| Err(Error::Requirement { text: text.to_owned(), problem });
        if text.len() > REQUIREMENT_BYTES_MAX {
            return refuse("it is too long");
        }
        if text.starts_with('-') {
            return refuse("it is an option");
        }
        let name = name_of(text);
        let ends_well = name.ends_with(|letter: char| letter.is_ascii_alphanumeric());
        if !name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) || !ends_well {
            return refuse("it does not begin with a name");
        }
        let rest = text[name.len()..].trim_start();
        if rest.contains('@') || rest.contains("://") || rest.contains('/') || name.ends_with(".whl") {
            return refuse("only packages of an index can be asked for, no paths and no addresses");
        }
        if !rest.is_empty() && !rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';']) {
            return refuse("what follows the name is neither a version nor a marker");
        }
        // The resolver reads lines: what would begin another one, or an option, or a comment, must not reach it.
        if text.contains(['\\', '#', '$', '`']) || text.contains(char::is_control) || text.contains(" -") {
            return refuse("it has letters that no requirement has");
        }
        Ok(Self { text: text.to_owned(), name: normalised(name) })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn name_of(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
    &text[..end.unwrap_or(text.len())]
}

/// A name as indices compare it.
pub(crate) fn normalised(name: &str) -> String {
    let mut parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + "-" + part).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packages_of_an_index_can_be_asked_for() {
        for (text, name) in [
            ("six", "six"),
            ("  Flask_Login == 1.0 ", "flask-login"),
            ("a.b-_c[x,y]>=1,!=1.5 ; python_version < '4'", "a-b-c"),
            ("rich (>=13)", "rich"),
            ("zope.interface~=6.0", "zope-interface"),
        ] {
            assert_eq!(text.parse::<Requirement>().unwrap().name(), name, "{text:?}");
        }
    }

    #[test]
    fn nothing_else_can() {
        for text in [
            "",
            " ",
            "-r other.txt",
            "--index-url=x",
            "-e .",
            ".",
            "./six",
            "/tmp/six.whl",
            "six.whl",
            "six @ file:///x",
            "six@https://x/y",
            "https://example.com/six.whl",
            "git+ssh://x",
            "six\n--index-url x",
            "six==1 --hash=sha256:00",
            "six # comment",
            "six==1\\",
            "six=1\0",
            "six==1\r-e .",
            "six\n;x",
            "six\t==1",
            "_six",
            "six-",
            "six==$HOME",
            "a b",
            "ünicode",
        ] {
            assert!(text.parse::<Requirement>().is_err(), "{text:?}");
        }
        assert!("a".repeat(2000).parse::<Requirement>().is_err());
    }

    #[test]
    fn versions_are_compared_where_that_is_sure() {
        let accepts = |text: &str, version| text.parse::<Requirement>().unwrap().accepts(version);
        assert_eq!(accepts("six", "1.0"), Some(true));
        assert_eq!(accepts("six==1.17", "1.17.0"), Some(true));
        assert_eq!(accepts("six>=1.17,<2", "1.16"), Some(false));
        assert_eq!(accepts("six[x]", "1.16"), None);
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_one_line_and_no_option(text in "[a-zA-Z0-9._ \\-\\[\\](),;<>=!~'\"@/\\\\\n#:]{0,40}") {
            if let Ok(requirement) = text.parse::<Requirement>() {
                let shown = requirement.to_string();
                prop_assert!(!shown.contains(['\n', '\r', '@', '/', '\\', '#']) && !shown.starts_with('-') && !shown.contains(" -"));
                prop_assert!(!requirement.name().is_empty());
                prop_assert_eq!(shown.parse::<Requirement>().unwrap(), requirement);
            }
        }
    }
}
