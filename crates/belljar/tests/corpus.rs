//! Runs every program of the corpus and compares its ending with what its first lines promise (`corpus/README.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use belljar::{Jar, Limits, Outcome, Request};

/// What a program promises about itself.
#[derive(Debug, Default)]
struct Expectation {
    fields: BTreeMap<String, Vec<String>>,
}

const KEYS: [&str; 13] = [
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
];

impl Expectation {
    fn read(path: &Path, code: &str) -> Self {
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

    fn one(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(|values| values.first()).map(String::as_str)
    }

    fn limits(&self) -> Limits {
        self.one("limits")
            .map_or_else(Limits::default, |json| serde_json::from_str(json).expect("limits are JSON"))
    }

    fn engines(&self, path: &Path) -> Vec<String> {
        self.fields.get("engine").cloned().unwrap_or_else(|| {
            let python = path.extension().is_some_and(|ending| ending == "py");
            vec![if python { "python" } else { "javascript" }.to_owned()]
        })
    }

    /// What differs between the promise and `outcome`, in words.
    fn differences(&self, path: &Path, outcome: &Outcome) -> String {
        let mut report = String::new();
        let mut compare = |what: &str, expected: Option<&str>, found: Option<String>, whole: bool| {
            let Some(expected) = expected else { return };
            let expected = expected.replace("\\n", "\n");
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

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

/// All programs, by folder, in order.
fn programs() -> Vec<PathBuf> {
    let mut programs = Vec::new();
    let mut folders = vec![corpus()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the corpus can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                programs.push(path);
            }
        }
    }
    programs.sort();
    programs
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["py", "js", "mjs", "ts"].iter().any(|known| ending == *known))
}

#[test]
fn every_program_ends_as_it_promises() {
    let mut failures = String::new();
    let mut count = 0;
    for path in programs().into_iter().filter(|path| is_program(path)) {
        let code = fs::read_to_string(&path).expect("a program is text");
        let expectation = Expectation::read(&path, &code);
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        for engine in expectation.engines(&path) {
            count += 1;
            let jar = Jar::open(&engine).and_then(|jar| jar.with_limits(expectation.limits()));
            let jar = jar
                .unwrap_or_else(|error| panic!("{engine}: {error} ({})", error.hint().unwrap_or("no hint")));
            let differences = match jar.run_blocking(Request::new(code.clone()).name(name.clone())) {
                Ok(outcome) => expectation.differences(&path, &outcome),
                Err(error) => format!("  was not run: {error}\n"),
            };
            if !differences.is_empty() {
                let _ = writeln!(failures, "{} on {engine}\n{differences}", path.display());
            }
            // Whatever a program did, the next session of the same process is as good as new.
            let next = jar.run_blocking("1 + 1").expect("another session runs");
            assert_eq!(next.value.expect("a value").repr, "2", "after {}", path.display());
        }
    }
    assert!(count > 0, "the corpus is empty");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_program_has_its_twin_and_every_output_its_program() {
    let all: BTreeSet<PathBuf> = programs().into_iter().collect();
    for path in &all {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let has = |endings: &[&str]| endings.iter().any(|ending| all.contains(&path.with_extension(ending)));
        match ending {
            "out" => assert!(has(&["py", "js", "mjs", "ts"]), "{} belongs to no program", path.display()),
            "md" => {}
            "py" | "js" | "mjs" | "ts" => {
                let code = fs::read_to_string(path).expect("a program is text");
                let alone = Expectation::read(path, &code).one("twin").is_some();
                let twin = if ending == "py" { has(&["js", "mjs", "ts"]) } else { has(&["py"]) };
                assert!(twin != alone, "{}: either a twin or a reason why there is none", path.display());
            }
            _ => panic!("{} is neither a program nor an expected output", path.display()),
        }
    }
}
