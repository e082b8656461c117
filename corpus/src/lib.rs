//! The corpus as data: programs by behaviour, and what each promises about how it ends.
//!
//! Tests of the library and `belljar attack` read it here, so that there is one reading of what a program promises.

mod expectation;
mod outcome;

pub use expectation::{Expectation, circumstances};
pub use outcome::{GuestError, Outcome, Truncated, Usage, Value};

/// One program, as it is compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its path in the corpus: `cpu/busy_loop.py`.
    pub name: &'static str,
    /// All of it, its promises included.
    pub code: &'static str,
    /// What it prints, byte for byte, if a file says so.
    pub out: Option<&'static str>,
}

/// Every program but those of `programs/`, which need packages, by name.
///
/// ```
/// let names: Vec<&str> = belljar_corpus::programs().iter().map(|program| program.name).collect();
/// assert!(names.contains(&"cpu/busy_loop.py") && names.is_sorted());
/// ```
#[must_use]
pub fn programs() -> &'static [Program] {
    include!(concat!(env!("OUT_DIR"), "/programs.rs"))
}

/// Why rows of `docs/attacks.md` are no programs: number and reason of each.
///
/// ```
/// assert!(belljar_corpus::rows_without_programs().all(|(row, why)| row > 0 && !why.is_empty()));
/// ```
pub fn rows_without_programs() -> impl Iterator<Item = (u32, &'static str)> {
    let lines = include_str!("../without.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (number, why) = line.split_once(' ')?;
        Some((number.parse().ok()?, why.trim()))
    })
}

impl Program {
    /// What it promises.
    #[must_use]
    pub fn expectation(&self) -> Expectation {
        Expectation::read(self.name, self.code)
    }

    /// Its own name, without the folder: what a traceback shows.
    #[must_use]
    pub fn file_name(&self) -> &'static str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }
}
