//! What became of a module, and the table of them all.

use std::fmt::Write as _;

use serde::Deserialize;

/// What became of one module.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) name: String,
    fate: Fate,
}

#[derive(Debug)]
enum Fate {
    /// It ran to its end.
    Ran(Cases),
    /// The tests themselves say that they do not apply here.
    Skipped(String),
    /// It could not be run.
    NotRun(String),
}

#[derive(Debug, Default)]
struct Cases {
    ran: u64,
    passed: u64,
    skipped: Vec<(String, String)>,
    failed: Vec<(String, String)>,
}

/// What `run_module.py` returns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    skipped_whole: Option<String>,
    not_loaded: Option<String>,
    #[serde(default)]
    ran: u64,
    #[serde(default)]
    passed: u64,
    #[serde(default)]
    skipped: Vec<(String, String)>,
    #[serde(default)]
    failed: Vec<(String, String)>,
    #[serde(default)]
    expected_failures: u64,
    #[serde(default)]
    unexpected_successes: Vec<String>,
}

impl Module {
    pub(crate) fn not_run(name: &str, why: String) -> Self {
        Self { name: name.to_owned(), fate: Fate::NotRun(why) }
    }

    /// Reads what the module's run returned. `stopped` are the cases that had to be taken out, and what they did.
    pub(crate) fn read(name: &str, json: &str, stopped: Vec<(String, String)>) -> Self {
        let report: Report = match serde_json::from_str(json) {
            Ok(report) => report,
            Err(error) => return Self::not_run(name, format!("its report cannot be read: {error}")),
        };
        let fate = match report {
            Report { skipped_whole: Some(why), .. } => Fate::Skipped(why),
            Report { not_loaded: Some(why), .. } => Fate::NotRun(why),
            report => {
                let ran = report.ran + stopped.len() as u64;
                let surprises = report
                    .unexpected_successes
                    .into_iter()
                    .map(|id| (id, "passes against expectation".to_owned()));
                let failed = report.failed.into_iter().chain(stopped).chain(surprises).collect();
                Fate::Ran(Cases {
                    ran,
                    passed: report.passed + report.expected_failures,
                    skipped: report.skipped,
                    failed,
                })
            }
        };
        Self { name: name.to_owned(), fate }
    }

    /// Whether it ran and no case failed.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(&self.fate, Fate::Ran(cases) if cases.failed.is_empty() && cases.ran > cases.skipped.len() as u64)
    }

    /// One line.
    pub(crate) fn summary(&self) -> String {
        match &self.fate {
            Fate::Ran(cases) => format!(
                "{}: {} ran, {} passed, {} skipped, {} failed",
                self.name,
                cases.ran,
                cases.passed,
                cases.skipped.len(),
                cases.failed.len()
            ),
            Fate::Skipped(why) => format!("{}: does not apply: {why}", self.name),
            Fate::NotRun(why) => format!("{}: not run: {why}", self.name),
        }
    }
}

/// The table of all modules, in Markdown.
pub(crate) fn table(modules: &[Module], version: &str) -> String {
    let clean: Vec<&Module> = modules.iter().filter(|module| module.is_clean()).collect();
    let partly: Vec<&Module> =
        modules.iter().filter(|module| matches!(module.fate, Fate::Ran(_)) && !module.is_clean()).collect();
    let rest: Vec<&Module> = modules.iter().filter(|module| !matches!(module.fate, Fate::Ran(_))).collect();
    let mut text = format!(
        "# CPython's own tests\n\nThe modules of `Lib/test` of {version}, each run in a session of its own inside the jar. \
         Made by `cargo xtask conformance`; do not edit.\n\nOf {} modules {} pass, {} pass in part, and {} cannot run here.\n",
        modules.len(),
        clean.len(),
        partly.len(),
        rest.len()
    );
    section(
        &mut text,
        "Passed",
        "Skipped cases are those that the tests themselves skip on this platform.",
        &clean,
    );
    section(&mut text, "Passed in part", "Each case that does not pass is named with what it did.", &partly);
    section(&mut text, "Not possible", "The reason is the tests' own, or what ended the run.", &rest);
    text
}

fn section(text: &mut String, title: &str, explanation: &str, modules: &[&Module]) {
    let _ = write!(
        text,
        "\n## {title}\n\n{explanation}\n\n| module | ran | passed | skipped | what is missing |\n|---|---|---|---|---|\n"
    );
    for module in modules {
        let _ = match &module.fate {
            Fate::Ran(cases) => writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                module.name,
                cases.ran,
                cases.passed,
                cases.skipped.len(),
                failures(&cases.failed)
            ),
            Fate::Skipped(why) | Fate::NotRun(why) => {
                writeln!(text, "| {} | | | | {} |", module.name, cell(why))
            }
        };
    }
}

fn failures(failed: &[(String, String)]) -> String {
    let mut text = String::new();
    for (id, why) in failed {
        let short = id.strip_prefix("test.").unwrap_or(id);
        let _ = write!(text, "{}`{}`: {}", if text.is_empty() { "" } else { "<br>" }, cell(short), cell(why));
    }
    text
}

/// Text that cannot break the table.
fn cell(text: &str) -> String {
    let text: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(160).collect();
    text.replace('|', "\\|").replace('<', "&lt;").replace('`', "'")
}
