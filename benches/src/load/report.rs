//! The report: tables, and what held.

use std::time::Duration;

use crate::machine;
use crate::table::render;

/// What was found out, in Markdown, and whether everything holds that must.
#[derive(Default)]
pub(super) struct Report {
    text: String,
    checks: Vec<Check>,
}

struct Check {
    what: String,
    /// None if there was too little to judge by.
    holds: Option<bool>,
}

impl Report {
    pub(super) fn begin() -> Self {
        let mut report = Self::default();
        report.line(&format!("Load of {}, commit {}.", machine::now(), machine::commit()));
        report.line(&format!("{}; load {}.", machine::describe(), machine::load()));
        report
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.line(&format!("\n## {text}\n"));
    }

    /// A paragraph, or a line of one. It is shown at once.
    pub(super) fn line(&mut self, text: &str) {
        println!("{text}");
        self.text += text;
        self.text.push('\n');
    }

    /// A table whose first line is its head.
    pub(super) fn table(&mut self, lines: &[Vec<String>]) {
        self.line(render(lines).trim_end());
    }

    /// Something that must hold.
    pub(super) fn check(&mut self, holds: bool, what: String) {
        self.checks.push(Check { what, holds: Some(holds) });
    }

    /// Something that must hold, if there was enough to judge by.
    pub(super) fn check_if(&mut self, enough: bool, holds: bool, what: String) {
        self.checks.push(Check { what, holds: enough.then_some(holds) });
    }

    /// The end of the report: what held. With everything that did not.
    pub(super) fn end(mut self) -> (String, Vec<String>) {
        self.heading("What held");
        let checks = std::mem::take(&mut self.checks);
        for Check { what, holds } in &checks {
            let word = match holds {
                Some(true) => "held",
                Some(false) => "BROKEN",
                None => "too short to judge",
            };
            self.line(&format!("- {word}: {what}"));
        }
        self.line(&format!("\nLoad when done: {}.", machine::load()));
        let broken = checks.into_iter().filter(|check| check.holds == Some(false));
        (self.text, broken.map(|check| check.what).collect())
    }
}

/// Cells of a line.
pub(super) fn cells<const COUNT: usize>(texts: [&str; COUNT]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// A time with the unit that fits.
pub(super) fn time(time: Duration) -> String {
    crate::table::duration(time.as_nanos() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_told() {
        let mut report = Report::default();
        report.check(true, "one".to_owned());
        report.check(false, "two".to_owned());
        report.check_if(false, false, "three".to_owned());
        let (text, broken) = report.end();
        assert_eq!(broken, ["two"]);
        assert!(text.contains("- held: one\n- BROKEN: two\n- too short to judge: three\n"), "{text}");
    }
}
