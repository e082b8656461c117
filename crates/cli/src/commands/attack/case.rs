//! What is tried: the programs of the corpus that stand for a row of the catalogue of attacks, by group.

use std::fmt;
use std::ops::RangeInclusive;

use belljar::{Error, Limits};
use belljar_corpus::{Expectation, Program, programs};
use clap::ValueEnum;
use serde::Serialize;

use crate::exit::Failure;

/// A part of the catalogue: rows of `docs/attacks.md`. It has letters for these, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    /// Code that takes the processor and does not give it back
    #[value(alias = "A")]
    Cpu,
    /// Code that takes memory
    #[value(alias = "B")]
    Memory,
    /// What is printed, returned and raised
    #[value(alias = "C")]
    Output,
    /// Files of the machine
    #[value(alias = "D")]
    Files,
    /// Hosts, and what must stay secret
    #[value(alias = "E")]
    Network,
    /// What one run leaves to the next, and other programs
    #[value(alias = "F")]
    State,
    /// Functions of the embedding program
    #[value(alias = "G")]
    Tools,
    /// What can be learnt about the machine
    #[value(alias = "I")]
    Host,
}

const ROWS: [(Group, RangeInclusive<u32>); 8] = [
    (Group::Cpu, 1..=25),
    (Group::Memory, 26..=41),
    (Group::Output, 42..=51),
    (Group::Files, 52..=64),
    (Group::Network, 65..=82),
    (Group::State, 83..=93),
    (Group::Tools, 94..=101),
    (Group::Host, 113..=120),
];

impl Group {
    fn of(row: u32) -> Option<Self> {
        ROWS.iter().find(|(_, rows)| rows.contains(&row)).map(|(group, _)| *group)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().expect("no group is left out");
        f.write_str(name.get_name())
    }
}

/// One program, to be tried in one language.
pub(super) struct Case {
    pub(super) program: &'static Program,
    pub(super) expectation: Expectation,
    pub(super) rows: Vec<u32>,
    pub(super) group: Group,
    /// What the program does.
    pub(super) tried: String,
    /// The image that it runs on, which is also the language's name.
    pub(super) engine: String,
    pub(super) limits: Limits,
}

impl Case {
    /// Every case that is there, by group and row.
    pub(super) fn all() -> Result<Vec<Self>, Error> {
        let mut cases = Vec::new();
        for program in programs() {
            let expectation = program.expectation();
            let (rows, tried) = expectation.rows();
            let Some(group) = rows.first().copied().and_then(Group::of) else { continue };
            let limits: Limits = serde_json::from_str(expectation.limits())
                .map_err(|error| Error::Internal(format!("{}: {error}", program.name)))?;
            for engine in expectation.engines() {
                cases.push(Self {
                    program,
                    rows: rows.clone(),
                    group,
                    tried: tried.to_owned(),
                    engine: engine.to_owned(),
                    limits: limits.clone(),
                    expectation: expectation.clone(),
                });
            }
        }
        cases.sort_by_key(|case| (case.group, case.rows.clone(), case.program.name));
        Ok(cases)
    }

    /// Those of these groups, all if there are none, whose path holds the text.
    pub(super) fn chosen(groups: &[Group], only: Option<&str>) -> Result<Vec<Self>, Failure> {
        let mut cases = Self::all()?;
        let wanted = |case: &Case| {
            (groups.is_empty() || groups.contains(&case.group))
                && only.is_none_or(|text| case.program.name.contains(text))
        };
        cases.retain(wanted);
        if cases.is_empty() {
            return Err(Failure::usage(
                "no attack is called so",
                "`belljar attack --list` prints their names and groups",
            ));
        }
        Ok(cases)
    }

    /// Whether another sandbox has lied that says of this code that it came to its end.
    pub(super) fn never_completes(&self) -> bool {
        self.expectation.ended().ends_with("_limit") && self.expectation.one("elsewhere") != Some("completed")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use belljar_corpus::rows_without_programs;

    use super::*;

    #[test]
    fn every_row_is_tried_or_says_why_not() {
        let tried: BTreeSet<u32> =
            Case::all().expect("limits are JSON").into_iter().flat_map(|case| case.rows).collect();
        let without: BTreeSet<u32> = rows_without_programs().map(|(row, _)| row).collect();
        for row in ROWS.into_iter().flat_map(|(_, rows)| rows) {
            let both = (tried.contains(&row), without.contains(&row));
            assert!(both.0 != both.1, "row {row}: a program, or a reason in corpus/without.txt: {both:?}");
        }
        let known = |row: &u32| Group::of(*row).is_some();
        assert!(tried.iter().chain(&without).all(known), "every row belongs to a group");
    }

    #[test]
    fn every_case_says_what_it_does_and_how_it_must_end() {
        for case in Case::all().expect("limits are JSON") {
            let name = case.program.name;
            assert!(!case.tried.is_empty(), "{name}: what does it do?");
            assert!(case.expectation.one("ended").is_some(), "{name}: how must it end?");
            let elsewhere = case.expectation.one("elsewhere");
            assert!(elsewhere.is_none_or(|word| word == "completed"), "{name}: {elsewhere:?}");
        }
    }
}
