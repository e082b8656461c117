//! What a program of the corpus promises about itself in its first lines (`corpus/README.md`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use belljar::{Limits, Outcome};

/// What a program promises about itself.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    fields: BTreeMap<String, Vec<String>>,
}

const KEYS: [&str; 17] = [
    "ended",
    "error",
    "line",
    "message",
    "value",
    "json",
    "stdout",
    "session",
    "limits",
    "within_ms",
    "row",
    "engine",
    "twin",
    "stderr",
    "exit",
    "cut",
    "package",
];

impl Expectation {
    /// Reads the first lines of a program.
    pub(crate) fn read(path: &Path, code: &str) -> Self {
        let mark = if path.extension().is_some_and(|ending| ending == "py") { "#:" } else { "//:" };
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in code.lines().map_while(|line| line.strip_prefix(mark)) {
            let (key, value) =
                line.split_once(':').unwrap_or_else(|| panic!("{}: no key in {line:?}", path.display()));
            let key = key.trim();
            assert!(KEYS.contains(&key), "{}: unknown key {key:?}", path.display());
            fields.entry(key.to_owned()).or_default().push(value.trim().to_owned());
        }
        Self { fields }
    }

    /// The value of a key, if it is given.
    pub(crate) fn one(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(|values| values.first()).map(String::as_str)
    }

    /// Every value of a key that may repeat.
    pub(crate) fn all(&self, key: &str) -> &[String] {
        self.fields.get(key).map_or(&[], Vec::as_slice)
    }

    /// The limits that the program runs under.
    pub(crate) fn limits(&self) -> Limits {
        self.one("limits")
            .map_or_else(Limits::default, |json| serde_json::from_str(json).expect("limits are JSON"))
    }

    /// The images that the program runs on.
    pub(crate) fn engines(&self, path: &Path) -> Vec<String> {
        self.fields.get("engine").cloned().unwrap_or_else(|| {
            let python = path.extension().is_some_and(|ending| ending == "py");
            vec![if python { "python" } else { "javascript" }.to_owned()]
        })
    }

    /// What differs between the promise and `outcome`, in words.
    pub(crate) fn differences(&self, path: &Path, outcome: &Outcome) -> String {
        let mut report = String::new();
        let mut compare = |what: &str, expected: Option<&str>, found: Option<String>, whole: bool| {
            let Some(expected) = expected else { return };
            // What is in a file stands there as it is; in a comment, a line end is written out.
            let expected = if what == ".out" { expected.to_owned() } else { expected.replace("\\n", "\n") };
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            if !(if whole { found == expected } else { found.contains(&expected) }) {
                let _ = writeln!(report, "  {what}: expected {expected:?}, found {found:?}");
            }
        };
        let word = |value: serde_json::Result<serde_json::Value>| {
            value.ok().and_then(|value| Some(value.as_str()?.to_owned()))
        };
        let error = outcome.error.as_ref();
        compare(
            "ended",
            Some(self.one("ended").unwrap_or("completed")),
            word(serde_json::to_value(outcome.ended)),
            true,
        );
        compare("error", self.one("error"), error.map(|error| error.r#type.clone()), true);
        compare(
            "line",
            self.one("line"),
            error.and_then(|error| error.line).map(|line| line.to_string()),
            true,
        );
        compare("message", self.one("message"), error.map(|error| error.message.clone()), false);
        compare("value", self.one("value"), outcome.value.as_ref().map(|value| value.repr.clone()), true);
        let json = outcome.value.as_ref().and_then(|value| value.json.as_ref());
        compare("json", self.one("json"), json.map(|json| json.get().to_owned()), true);
        compare("stdout", self.one("stdout"), Some(outcome.stdout.to_string()), false);
        compare("stderr", self.one("stderr"), Some(outcome.stderr.to_string()), false);
        compare("exit", self.one("exit"), outcome.exit_code.map(|code| code.to_string()), true);
        compare("cut", self.one("cut"), Some(outcome.truncated.stdout_bytes.to_string()), true);
        compare("session", self.one("session"), word(serde_json::to_value(outcome.session)), true);
        let expected_output = fs::read_to_string(path.with_extension("out")).ok();
        compare(".out", expected_output.as_deref(), Some(outcome.stdout.to_string()), true);
        let within: f64 =
            self.one("within_ms").map_or(60_000.0, |text| text.parse().expect("within_ms is a number"));
        if outcome.usage.wall_ms > within {
            let _ = writeln!(report, "  took {} ms, more than {within}", outcome.usage.wall_ms);
        }
        if !report.is_empty() {
            if let Some(error) = error {
                let _ = writeln!(
                    report,
                    "  the error was {}: {}\n{}",
                    error.r#type, error.message, error.traceback
                );
            }
            let _ = writeln!(report, "  stderr: {}", outcome.stderr);
        }
        report
    }
}
