//! The metadata that a script can carry in a comment (PEP 723): which packages it needs, and which Python.
//!
//! ```python
//! # /// script
//! # requires-python = ">=3.11"
//! # dependencies = ["rich", "requests<3"]
//! # ///
//! ```

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::requirement::Requirement;
use crate::specifier::Specifiers;

/// The longest metadata that is read, in bytes.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// The most packages that a script can ask for.
const DEPENDENCIES_MAX: usize = 200;

/// What a script says that it needs.
///
/// ```
/// use belljar_packages::Script;
///
/// let script = Script::read("# /// script\n# dependencies = ['six']\n# ///\nimport six\n")?.expect("there is metadata");
/// assert_eq!(script.dependencies[0].name(), "six");
/// assert!(Script::read("print('none here')\n")?.is_none());
/// # Ok::<(), belljar_packages::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    /// The packages that it needs.
    pub dependencies: Vec<Requirement>,
    requires_python: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Metadata {
    #[serde(default)]
    dependencies: Vec<String>,
    requires_python: Option<String>,
    /// For other programs.
    #[serde(default, rename = "tool")]
    _tool: toml::Table,
}

impl Script {
    /// Reads the metadata of a script. None if it has none.
    ///
    /// # Errors
    ///
    /// [`Error::Script`] when it has metadata that makes no sense, or more than once; [`Error::Requirement`] when it asks for something that is
    /// no package of an index.
    pub fn read(code: &str) -> Result<Option<Self>> {
        let wrong = |problem: String| Error::Script { problem };
        // The usual script has none, and need not be read line by line.
        if !code.contains("# /// script") {
            return Ok(None);
        }
        let blocks = blocks(code);
        let content = match &blocks[..] {
            [] => return Ok(None),
            [content] => content,
            _ => return Err(wrong("is there more than once".to_owned())),
        };
        if content.len() > METADATA_BYTES_MAX {
            return Err(wrong(format!("is longer than {METADATA_BYTES_MAX} bytes")));
        }
        let metadata: Metadata = toml::from_str(content)
            .map_err(|error| wrong(format!("cannot be read: {}", in_one_line(error.message()))))?;
        if metadata.dependencies.len() > DEPENDENCIES_MAX {
            return Err(wrong(format!("asks for more than {DEPENDENCIES_MAX} packages")));
        }
        let dependencies = metadata.dependencies.iter().map(|text| text.parse()).collect::<Result<_>>()?;
        Ok(Some(Self { dependencies, requires_python: metadata.requires_python }))
    }

    /// Checks that the script is for this Python, given by its version.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] when it is not, [`Error::Script`] when it does not say in a way that can be read.
    pub fn check_python(&self, version: &str) -> Result<()> {
        let Some(wanted) = &self.requires_python else { return Ok(()) };
        let accepted = wanted.parse::<Specifiers>().ok().and_then(|conditions| conditions.accept(version));
        match accepted {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Python { wanted: wanted.clone(), found: version.to_owned() }),
            None => Err(Error::Script {
                problem: format!("has a `requires-python` that cannot be read: {wanted:?}"),
            }),
        }
    }
}

/// The contents of all blocks of the type `script`. They are those that the regular expression of the specification finds:
///
/// ```text
/// (?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$
/// ```
fn blocks(code: &str) -> Vec<String> {
    let code = code.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = code.split('\n').collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (name, end) = match block_at(&lines, at) {
            Some(block) => block,
            None => {
                at += 1;
                continue;
            }
        };
        if name == "script" {
            let content = lines[at + 1..end].iter().map(|line| line.strip_prefix("# ").unwrap_or(&line[1..]));
            found.push(content.map(|line| format!("{line}\n")).collect());
        }
        at = end + 1;
    }
    found
}

/// The type of the block that begins at a line, and the line that ends it: the last one that could, as the expression is greedy.
fn block_at<'a>(lines: &[&'a str], at: usize) -> Option<(&'a str, usize)> {
    let name = lines[at].strip_prefix("# /// ")?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let comments = lines[at + 1..].iter().take_while(|line| **line == "#" || line.starts_with("# ")).count();
    let end = (at + 1..=at + comments).rev().find(|line| lines[*line] == "# ///")?;
    (end > at + 1).then_some((name, end))
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(code: &str) -> Vec<String> {
        let script = Script::read(code).unwrap().expect("there is metadata");
        script.dependencies.iter().map(|dependency| dependency.name().to_owned()).collect()
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let code = "# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\n#   \"requests<3\",\n#   \"rich\",\n# ]\n# ///\n\nimport requests\n";
        assert_eq!(names(code), ["requests", "rich"]);
        let script = Script::read(code).unwrap().unwrap();
        assert!(script.check_python("3.13.15").is_ok());
        assert!(matches!(script.check_python("3.10.2"), Err(Error::Python { .. })));
    }

    #[test]
    fn lines_may_end_as_windows_ends_them_and_other_tables_are_for_others() {
        assert_eq!(
            names("#!x\r\n# /// script\r\n# dependencies = ['a']\r\n#\r\n# [tool.other]\r\n# x = 1\r\n# ///"),
            ["a"]
        );
    }

    #[test]
    fn a_block_ends_where_the_expression_ends_it() {
        // What looks like an end in the middle is content, and then no TOML.
        let code = "# /// script\n# dependencies = []\n# ///\n# more\n# ///\n";
        assert!(matches!(Script::read(code), Err(Error::Script { .. })));
        // A block of another type swallows the one in it.
        assert!(Script::read("# /// other\n# /// script\n# x\n# ///\n").unwrap().is_none());
        for none in [
            "# /// script\n# dependencies = []\n",
            "# /// script\n# ///\n",
            "# /// script\nx = 1\n# ///\n",
            "# /// script \n# dependencies = []\n# ///\n",
            " # /// script\n# dependencies = []\n# ///\n",
            "# /// script\n#dependencies = []\n# ///\n",
        ] {
            assert!(Script::read(none).unwrap().is_none(), "{none:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let twice = "# /// script\n# dependencies = []\n# ///\n\n".repeat(2);
        for (code, problem) in [
            (twice.as_str(), "more than once"),
            ("# /// script\n# dependencies = 'six'\n# ///\n", "expected a sequence"),
            ("# /// script\n# dependancies = []\n# ///\n", "dependancies"),
            ("# /// script\n# = 1\n# ///\n", "cannot be read"),
        ] {
            let error = Script::read(code).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
        let escape = "# /// script\n# dependencies = ['six @ file:///etc']\n# ///\n";
        assert!(matches!(Script::read(escape), Err(Error::Requirement { .. })));
        let strange = "# /// script\n# requires-python = 'new'\n# ///\n";
        assert!(matches!(
            Script::read(strange).unwrap().unwrap().check_python("3.13"),
            Err(Error::Script { .. })
        ));
    }

    proptest! {
        #[test]
        fn whatever_is_given_is_read_or_refused(code in "(# /// script\n)?(#? ?[a-z=\\[\\]'\"\n\r/ -]{0,30}){0,6}(# ///\n)?") {
            let _ = Script::read(&code);
        }
    }
}
