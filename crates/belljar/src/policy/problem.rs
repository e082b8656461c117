//! What is wrong with a policy, where, and what to do about it.

use std::fmt;
use std::ops::Range;

/// The most problems that are told at once.
const PROBLEMS_MAX: usize = 20;

/// The most characters of a line that are shown.
const EXCERPT_CHARS_MAX: usize = 120;

/// How much alike two names must be for one to be taken for the other.
const LIKENESS: f64 = 0.8;

/// Something that is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyProblem {
    /// The policy's file, or what else it was given as.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key, for example `grants.mounts[1]`; empty when it is not about one.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The line of the policy.
    pub excerpt: String,
    /// How many characters of the line it is about.
    pub width: usize,
}

impl fmt::Display for PolicyProblem {
    /// Where and what, and the line with the place marked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, excerpt, width, .. } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        if excerpt.is_empty() || *column > EXCERPT_CHARS_MAX {
            return Ok(());
        }
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay, so that the mark stands where the text does.
        let before: String =
            excerpt.chars().take(column - 1).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "\n{margin} |\n{number} | {excerpt}\n{margin} | {before}{}", "^".repeat(*width))
    }
}

/// What is wrong with a policy: at least one thing, at most 20.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblems(pub(super) Vec<PolicyProblem>);

impl PolicyProblems {
    /// The problems, in the order of the lines.
    #[must_use]
    pub fn all(&self) -> &[PolicyProblem] {
        &self.0
    }
}

impl fmt::Display for PolicyProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{problem}")?;
        }
        Ok(())
    }
}

/// Collects problems of one text.
pub(super) struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<PolicyProblem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes down what is wrong with what stands at `span`.
    pub(super) fn add(
        &mut self,
        span: Range<usize>,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let at = self.text.floor_char_boundary(span.start);
        let begins = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let whole = self.text[begins..].lines().next().unwrap_or_default();
        let column = self.text[begins..at].chars().count() + 1;
        let excerpt: String = whole.chars().take(EXCERPT_CHARS_MAX).collect();
        let end = self.text.floor_char_boundary(span.end.max(at));
        let marked = self.text[at..end].lines().next().unwrap_or_default().chars().count();
        self.found.push(PolicyProblem {
            file: self.file.to_owned(),
            line: self.text[..begins].matches('\n').count() + 1,
            column,
            key: key.to_owned(),
            message: message.into(),
            hint: hint.into(),
            width: marked.clamp(1, EXCERPT_CHARS_MAX),
            excerpt,
        });
    }

    /// The first of them, in the order of the lines.
    pub(super) fn finish(mut self) -> Result<(), PolicyProblems> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        self.found.truncate(PROBLEMS_MAX);
        Err(PolicyProblems(self.found))
    }
}

/// The name among `known` that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let likeness = |known: &'a str| (known, strsim::jaro_winkler(&name, known));
    let best = known.into_iter().map(likeness).max_by(|one, other| one.1.total_cmp(&other.1));
    best.filter(|(_, likeness)| *likeness >= LIKENESS).map(|(known, _)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_shown() {
        let mut problems = Problems::new("p.toml", "a = 1\n\tbé = 2\n");
        problems.add(7..10, "bé", "there is no key `bé`", "leave it out");
        let shown = problems.finish().unwrap_err().to_string();
        assert_eq!(shown, "p.toml:2:2: there is no key `bé`\n  |\n2 | \tbé = 2\n  | \t^^");
    }

    #[test]
    fn what_was_meant_is_found() {
        let known = ["memory_bytes", "time_ms", "net_bytes", "mounts"];
        for (name, meant) in [
            ("memory", "memory_bytes"),
            ("time", "time_ms"),
            ("memroy_bytes", "memory_bytes"),
            ("Mount", "mounts"),
        ] {
            assert_eq!(nearest(name, known), Some(meant), "{name}");
        }
        assert_eq!(nearest("colour", known), None);
    }
}
