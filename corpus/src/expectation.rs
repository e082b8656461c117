//! What a program of the corpus promises about itself in its first lines (`corpus/README.md`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::outcome::Outcome;

/// How long a run may take whose program does not say.
const WITHIN_MS: f64 = 60_000.0;

/// What a program promises about itself.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    fields: BTreeMap<String, Vec<String>>,
    /// The image that the file's ending stands for.
    engine: &'static str,
}

impl Expectation {
    /// Reads the first lines of a program. Whether its keys are known is checked by `cargo xtask tidy`.
    #[must_use]
    pub fn read(name: &str, code: &str) -> Self {
        let python = name.ends_with(".py");
        let mark = if python { "#:" } else { "//:" };
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in code.lines().map_while(|line| line.strip_prefix(mark)) {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            fields.entry(key.trim().to_owned()).or_default().push(value.trim().to_owned());
        }
        Self { fields, engine: if python { "python" } else { "javascript" } }
    }

    /// The value of a key, if it is given.
    #[must_use]
    pub fn one(&self, key: &str) -> Option<&str> {
        self.all(key).first().map(String::as_str)
    }

    /// Every value of a key that may repeat.
    #[must_use]
    pub fn all(&self, key: &str) -> &[String] {
        self.fields.get(key).map_or(&[], Vec::as_slice)
    }

    /// How the run must end.
    #[must_use]
    pub fn ended(&self) -> &str {
        self.one("ended").unwrap_or("completed")
    }

    /// The limits that the program runs under, as JSON: those that differ from the defaults.
    #[must_use]
    pub fn limits(&self) -> &str {
        self.one("limits").unwrap_or("{}")
    }

    /// The images that the program runs on.
    #[must_use]
    pub fn engines(&self) -> Vec<&str> {
        match self.all("engine") {
            [] => vec![self.engine],
            named => named.iter().map(String::as_str).collect(),
        }
    }

    /// The rows of `docs/attacks.md` that the program stands for, and in words what it does.
    #[must_use]
    pub fn rows(&self) -> (Vec<u32>, &str) {
        let mut rows = Vec::new();
        let mut rest = self.one("row").unwrap_or_default();
        while let Some((word, behind)) = rest.split_once(' ')
            && let Ok(row) = word.trim_end_matches(',').parse()
        {
            rows.push(row);
            rest = behind.trim_start();
        }
        (rows, rest)
    }

    /// What differs between the promise and an outcome, in words: one line each. `out` is all of what must be printed, if that is known.
    #[must_use]
    pub fn differences(&self, out: Option<&str>, outcome: &Outcome) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: Option<&str>, found: Option<&str>, whole: bool| {
            let Some(expected) = expected else { return };
            let found = found.unwrap_or("nothing");
            if !(if whole { found == expected } else { found.contains(expected) }) {
                differences.push(format!("{what}: expected {expected:?}, found {found:?}"));
            }
        };
        // In a comment, a line end is written out.
        let text = |key: &str| self.one(key).map(|text| text.replace("\\n", "\n"));
        let error = outcome.error.as_ref();
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        compare("ended", Some(self.ended()), Some(&outcome.ended), true);
        compare("error", text("error").as_deref(), error.map(|error| error.r#type.as_str()), true);
        let line = number(error.and_then(|error| error.line).map(i64::from));
        compare("line", self.one("line"), line.as_deref(), true);
        compare("message", text("message").as_deref(), error.map(|error| error.message.as_str()), false);
        let value = outcome.value.as_ref();
        compare("value", text("value").as_deref(), value.map(|value| value.repr.as_str()), true);
        let json = value.and_then(|value| value.json.as_ref());
        compare("json", text("json").as_deref(), json.map(|json| json.get()), true);
        compare("stdout", text("stdout").as_deref(), Some(&outcome.stdout), false);
        compare("stderr", text("stderr").as_deref(), Some(&outcome.stderr), false);
        compare("exit", self.one("exit"), number(outcome.exit_code.map(i64::from)).as_deref(), true);
        compare("cut", self.one("cut"), Some(&outcome.truncated.stdout_bytes.to_string()), true);
        compare("session", self.one("session"), Some(&outcome.session), true);
        compare("all of stdout", out, Some(&outcome.stdout), true);
        let within = self.one("within_ms").and_then(|text| text.parse().ok()).unwrap_or(WITHIN_MS);
        if outcome.usage.wall_ms > within {
            differences.push(format!("took {} ms, more than {within}", outcome.usage.wall_ms));
        }
        differences
    }
}

/// What else an outcome says that helps to understand a difference.
#[must_use]
pub fn circumstances(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(error) = &outcome.error {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "the error was {}: {}\n{}", error.r#type, error.message, error.traceback);
    }
    if !outcome.stderr.is_empty() {
        let _ = writeln!(text, "stderr: {}", outcome.stderr);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "#: row: 24, 35 more than\n#: row2: x\n#: ended: raised\n#: line: 7\n#: stdout: a\\nb\nx = 1\n#: error: no\n";

    #[test]
    fn promises_are_read_from_the_first_lines_alone() {
        let expectation = Expectation::read("a.py", CODE);
        assert_eq!(expectation.ended(), "raised");
        assert_eq!(expectation.one("error"), None);
        assert_eq!(expectation.rows(), (vec![24, 35], "more than"));
        assert_eq!((expectation.engines(), expectation.limits()), (vec!["python"], "{}"));
        assert_eq!(Expectation::read("a.js", CODE).ended(), "completed");
    }

    #[test]
    fn each_difference_is_told() {
        let expectation = Expectation::read("a.py", CODE);
        let json =
            r#"{"ended": "raised", "stdout": "xa\nb", "error": {"type": "E", "message": "", "line": 7}}"#;
        let mut outcome: Outcome = serde_json::from_str(json).unwrap();
        assert!(expectation.differences(None, &outcome).is_empty());
        outcome.ended = "completed".to_owned();
        outcome.error = None;
        let found = expectation.differences(Some("b"), &outcome);
        assert_eq!(found[0], "ended: expected \"raised\", found \"completed\"");
        assert_eq!(found[1], "line: expected \"7\", found \"nothing\"");
        assert_eq!((found.len(), found[2].starts_with("all of stdout: ")), (3, true));
    }
}
