//! The rounds of one module: whatever ends a session while a case runs, the cases behind it have their turn in the next one.

use std::time::Instant;

use belljar::{Ended, Jar, Outcome, Request};
use serde::Deserialize;

use crate::outcome::{Case, Fate, How, Module};

/// What a line begins with that the guest's side of the runner announces something in.
const MARK: &str = "belljar-case ";

/// How many sessions a module may use up.
const ROUNDS_MAX: usize = 40;

/// An announcement of `run_module.py`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    begins: Option<String>,
    ends: Option<String>,
    how: Option<How>,
    whole: Option<Whole>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    trace: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whole {
    Ran,
    Skipped,
    #[serde(rename = "not loaded")]
    NotLoaded,
}

/// What is known of a module after some rounds.
#[derive(Default)]
struct Progress {
    cases: Vec<Case>,
    /// The traceback of a module that could not be loaded.
    trace: String,
}

/// How a round ended.
enum Round {
    Finished(Fate),
    /// The session ended while this case ran, which was the first one in it, or not.
    Stopped {
        case: String,
        first: bool,
    },
    /// The session ended while no case ran.
    Lost,
}

/// Runs one module to its end.
pub(super) fn run(jar: &Jar, name: &str) -> Module {
    let begun = Instant::now();
    let mut progress = Progress::default();
    let fate = (0..ROUNDS_MAX)
        .find_map(|_| match round(jar, name, &progress) {
            Ok(outcome) => progress.take(&outcome),
            Err(error) => Some(Fate::NotRun(error.to_string())),
        })
        .unwrap_or_else(|| Fate::NotRun(format!("{ROUNDS_MAX} sessions were not enough")));
    Module { name: name.to_owned(), fate, time_s: begun.elapsed().as_secs_f64(), trace: progress.trace }
}

fn round(jar: &Jar, name: &str, progress: &Progress) -> belljar::Result<Outcome> {
    let done: Vec<&str> = progress.cases.iter().map(|case| case.id.as_str()).collect();
    let request = Request::new(include_str!("run_module.py"))
        .name("run_module.py")
        .input("module", serde_json::json!(name).to_string())
        .input("done", serde_json::json!(done).to_string());
    jar.run_blocking(request)
}

impl Progress {
    /// Takes in what a round brought. The module's fate, once that is known.
    fn take(&mut self, outcome: &Outcome) -> Option<Fate> {
        let before = self.cases.len();
        match self.read(&String::from_utf8_lossy(outcome.stderr.as_bytes())) {
            Round::Finished(fate) => Some(fate),
            // It had the whole of the limits for itself.
            Round::Stopped { case, first: true } => {
                self.add(Case { id: case, how: How::Failed, why: ending(outcome), trace: String::new() });
                None
            }
            // It may have met what others left of them: it is the first one of the next round.
            Round::Stopped { .. } => None,
            Round::Lost if self.cases.len() > before => None,
            Round::Lost => Some(Fate::NotRun(ending(outcome))),
        }
    }

    fn read(&mut self, stderr: &str) -> Round {
        let mut running = None;
        let mut ended = 0;
        let events = stderr.lines().filter_map(|line| line.strip_prefix(MARK));
        for event in events.filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
            match event {
                Event { begins: Some(id), .. } => running = Some(id),
                Event { ends: Some(id), how: Some(how), why, trace, .. } => {
                    if running.take().is_some() {
                        ended += 1;
                    }
                    self.add(Case { id, how, why, trace });
                }
                Event { whole: Some(whole), why, trace, .. } => {
                    self.trace = trace;
                    return Round::Finished(self.finish(&whole, why));
                }
                _ => {}
            }
        }
        match running {
            Some(case) => Round::Stopped { case, first: ended == 0 },
            None => Round::Lost,
        }
    }

    /// A fixture of a class fails in each round anew, and counts once.
    fn add(&mut self, case: Case) {
        let is_fixture = case.id.contains(" (");
        if !is_fixture || !self.cases.iter().any(|other| other.id == case.id) {
            self.cases.push(case);
        }
    }

    fn finish(&mut self, whole: &Whole, why: String) -> Fate {
        let cases = std::mem::take(&mut self.cases);
        match whole {
            Whole::Skipped => Fate::Skipped(why),
            Whole::NotLoaded => Fate::NotRun(why),
            Whole::Ran if cases.is_empty() => Fate::Skipped("it has no cases".into()),
            Whole::Ran if cases.iter().all(|case| case.how == How::Skipped) => {
                Fate::Skipped(cases.first().map(|case| case.why.clone()).unwrap_or_default())
            }
            Whole::Ran => Fate::Ran(cases),
        }
    }
}

fn ending(outcome: &Outcome) -> String {
    let what = match outcome.ended {
        Ended::Exited if outcome.exit_code == Some(124) => "the time limit is reached",
        Ended::Exited => "the case ended the session",
        Ended::TimeLimit => "the time limit is reached",
        Ended::MemoryLimit => "the memory limit is reached",
        Ended::Crashed => "the engine crashed",
        _ => "the session ended",
    };
    match &outcome.error {
        Some(error) if outcome.ended != Ended::TimeLimit => {
            format!("{what}: {}: {}", error.r#type, error.message).chars().take(300).collect()
        }
        _ => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(progress: &mut Progress, lines: &[&str]) -> Round {
        progress.read(&lines.iter().map(|line| format!("noise\n{MARK}{line}\n")).collect::<String>())
    }

    #[test]
    fn a_module_that_comes_to_its_end_has_its_cases() {
        let mut progress = Progress::default();
        let lines = [
            r#"{"begins": "a"}"#,
            r#"{"ends": "a", "how": "passed"}"#,
            r#"{"begins": "b"}"#,
            r#"{"ends": "b", "how": "failed", "why": "no", "trace": ""}"#,
            r#"{"whole": "ran"}"#,
        ];
        let Round::Finished(Fate::Ran(cases)) = read(&mut progress, &lines) else { panic!("it ran") };
        assert_eq!(cases.iter().map(|case| case.how).collect::<Vec<_>>(), [How::Passed, How::Failed]);
    }

    #[test]
    fn a_case_is_blamed_only_if_it_had_a_session_for_itself() {
        let mut progress = Progress::default();
        let lines = [r#"{"begins": "a"}"#, r#"{"ends": "a", "how": "passed"}"#, r#"{"begins": "b"}"#];
        assert!(matches!(read(&mut progress, &lines), Round::Stopped { first: false, .. }));
        assert!(
            matches!(read(&mut progress, &lines[2..]), Round::Stopped { first: true, case } if case == "b")
        );
        assert_eq!(progress.cases.len(), 1);
    }

    #[test]
    fn a_module_that_skips_all_its_cases_does_not_apply() {
        let mut progress = Progress::default();
        let lines =
            [r#"{"ends": "setUpModule (m)", "how": "skipped", "why": "no sockets"}"#, r#"{"whole": "ran"}"#];
        let Round::Finished(fate) = read(&mut progress, &lines) else { panic!("it ran") };
        assert_eq!(fate, Fate::Skipped("no sockets".into()));
    }

    #[test]
    fn a_fixture_that_fails_in_each_round_counts_once() {
        let mut progress = Progress::default();
        let line = r#"{"ends": "setUpClass (m.C)", "how": "failed"}"#;
        for _ in 0..2 {
            assert!(matches!(read(&mut progress, &[line]), Round::Lost));
        }
        assert_eq!(progress.cases.len(), 1);
    }
}
