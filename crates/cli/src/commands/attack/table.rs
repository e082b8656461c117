//! What was tried, what had to happen and what happened: for people, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use belljar::units::Size;
use serde::Serialize;

use super::case::Group;
use super::trial::{Trial, Verdict};

/// All of it.
#[derive(Serialize)]
pub(super) struct Report {
    /// Name and version, as the sandbox says.
    pub(super) sandbox: String,
    pub(super) cases: Vec<Row>,
    pub(super) groups: BTreeMap<Group, Total>,
    pub(super) total: Total,
}

/// One case.
#[derive(Serialize)]
pub(super) struct Row {
    name: &'static str,
    rows: Vec<u32>,
    group: Group,
    language: String,
    tried: String,
    must: String,
    did: String,
    verdict: Verdict,
    faults: Vec<String>,
    wall_ms: u64,
    cpu_ms: u64,
    memory_bytes: u64,
}

/// How many held.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Total {
    pub(super) held: usize,
    pub(super) not_held: usize,
    pub(super) not_asked: usize,
}

impl Total {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Held => self.held += 1,
            Verdict::NotHeld => self.not_held += 1,
            Verdict::NotAsked => self.not_asked += 1,
        }
    }

    /// In words.
    fn words(self) -> String {
        let Self { held, not_held, not_asked } = self;
        let mut words = format!("{held} of {} held", held + not_held);
        if not_asked > 0 {
            words += &format!(", {not_asked} in a language that it does not speak");
        }
        words
    }
}

impl From<Trial> for Row {
    fn from(trial: Trial) -> Self {
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: trial.case.program.name,
            rows: trial.case.rows,
            group: trial.case.group,
            language: trial.case.engine,
            tried: trial.case.tried,
            must: trial.must,
            did: trial.did,
            verdict: trial.verdict,
            faults: trial.faults,
            wall_ms: ms(trial.wall),
            cpu_ms: ms(trial.cpu),
            memory_bytes: trial.memory_bytes,
        }
    }
}

impl Report {
    pub(super) fn new(sandbox: String, cases: Vec<Row>) -> Self {
        let mut report = Self { sandbox, cases, groups: BTreeMap::new(), total: Total::default() };
        for row in &report.cases {
            report.groups.entry(row.group).or_default().count(row.verdict);
            report.total.count(row.verdict);
        }
        report
    }

    /// Whether nothing broke through, and something was tried.
    pub(super) fn holds(&self) -> bool {
        self.total.not_held == 0 && self.total.held > 0
    }

    /// Totals, by group and in all.
    pub(super) fn totals(&self) -> String {
        let mut text = String::from("\n");
        // Writing to a string cannot fail.
        for (group, total) in &self.groups {
            let _ = writeln!(text, "{:<8} {}", group.to_string(), total.words());
        }
        let without = belljar_corpus::rows_without_programs().count();
        let _ = writeln!(text, "\n{}: {}", self.sandbox, self.total.words());
        let _ = writeln!(text, "{without} rows of the catalogue are no programs (`belljar attack --list`)");
        text
    }
}

/// What the columns are.
pub(super) fn heading() -> String {
    format!(
        "{:<9} {:<6} {:<34} {:<13} {:<13} {:>8} {:>9}  tried\n",
        "", "row", "program", "must", "did", "time", "memory"
    )
}

/// A case as a line, and what did not hold below it.
pub(super) fn line(row: &Row) -> String {
    let verdict = match row.verdict {
        Verdict::Held => "held",
        Verdict::NotHeld => "NOT HELD",
        Verdict::NotAsked => "not asked",
    };
    let numbers = row.rows.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let memory = Size(row.memory_bytes.next_multiple_of(1 << 20)).to_string();
    let mut text = format!(
        "{verdict:<9} {numbers:<6} {:<34} {:<13} {:<13} {:>6} ms {memory:>9}  {}\n",
        row.name, row.must, row.did, row.wall_ms, row.tried
    );
    for fault in &row.faults {
        text += &format!("          {fault}\n");
    }
    text
}
