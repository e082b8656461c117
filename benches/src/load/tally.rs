//! What came of the work of a tenant: counts, and how long runs waited. It takes the same memory however long it goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use belljar::{Ended, Error, Outcome};

/// How many wrong answers are kept word for word.
const WRONG_KEPT: usize = 5;

/// Why a piece of work did not come to what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Off {
    /// The worker died in which it was.
    Died { fault: String },
    /// The queue was full.
    Overloaded,
    /// The tenant was there too often when a worker died.
    Paused(Duration),
    /// Something else than it should be, in words.
    Wrong(String),
}

impl From<Error> for Off {
    fn from(error: Error) -> Self {
        match error {
            Error::WorkerLost { fault } => Self::Died { fault },
            Error::Overloaded { .. } => Self::Overloaded,
            Error::TooManyDeaths { pause_ms } => Self::Paused(Duration::from_millis(pause_ms)),
            other => Self::Wrong(format!("not run: {other}")),
        }
    }
}

/// Checks that a run has come to its end with this value.
pub(super) fn answers(outcome: &Outcome, expected: &str) -> Result<(), Off> {
    ended(outcome, &[Ended::Completed])?;
    match &outcome.value {
        Some(value) if value.repr == expected => Ok(()),
        value => Err(Off::Wrong(format!("{:?}, not {expected}", value.as_ref().map(|value| &value.repr)))),
    }
}

/// Checks that a run has ended in one of these ways.
pub(super) fn ended(outcome: &Outcome, expected: &[Ended]) -> Result<(), Off> {
    if outcome.ended == Ended::Crashed {
        let message = outcome.error.as_ref().map_or("", |error| &error.message);
        let fault = message.split("(fault ").nth(1).and_then(|rest| rest.strip_suffix(')'));
        let whole = || Off::Wrong(format!("crashed: {message}"));
        return Err(fault.map_or_else(whole, |fault| Off::Died { fault: fault.to_owned() }));
    }
    if expected.contains(&outcome.ended) {
        return Ok(());
    }
    let error = outcome.error.as_ref();
    let error = error.map(|error| format!("{}: {}: {}", error.r#type, error.message, error.traceback));
    Err(Off::Wrong(format!("ended {:?}, not {expected:?}: {}", outcome.ended, error.unwrap_or_default())))
}

/// What came of it, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) asked: u64,
    /// As it must be.
    pub(super) right: u64,
    pub(super) died: u64,
    pub(super) overloaded: u64,
    pub(super) put_off: u64,
    pub(super) wrong: u64,
    pub(super) wrong_texts: Vec<String>,
    /// Which deaths of workers were told of.
    pub(super) faults: BTreeSet<String>,
    /// How long short runs waited before and after they ran.
    pub(super) waits: Spread,
}

impl Tally {
    /// Something is asked. It must be answered.
    pub(super) fn ask(&mut self) {
        self.asked += 1;
    }

    /// That is the answer.
    pub(super) fn answer(&mut self, what: &str, came: Result<(), Off>) {
        match came {
            Ok(()) => self.right += 1,
            Err(Off::Died { fault }) => {
                self.died += 1;
                self.faults.insert(fault);
            }
            Err(Off::Overloaded) => self.overloaded += 1,
            Err(Off::Paused(_)) => self.put_off += 1,
            Err(Off::Wrong(text)) => {
                self.wrong += 1;
                if self.wrong_texts.len() < WRONG_KEPT {
                    self.wrong_texts.push(format!("{what}: {text}"));
                }
            }
        }
    }

    /// How many were answered, in whatever way.
    pub(super) fn answered(&self) -> u64 {
        self.right + self.died + self.overloaded + self.put_off + self.wrong
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.right += other.right;
        self.died += other.died;
        self.overloaded += other.overloaded;
        self.put_off += other.put_off;
        self.wrong += other.wrong;
        self.wrong_texts.extend(other.wrong_texts.iter().cloned());
        self.wrong_texts.truncate(WRONG_KEPT);
        self.faults.extend(other.faults.iter().cloned());
        self.waits.add(&other.waits);
    }
}

/// How times are spread, to an eighth of each.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    counts: Vec<u64>,
}

/// Parts of each power of two, and how many there are in all: up to days, in microseconds.
const PARTS: u64 = 8;
const COUNTS: usize = 8 * 40;

impl Default for Spread {
    fn default() -> Self {
        Self { counts: vec![0; COUNTS] }
    }
}

impl Spread {
    pub(super) fn take(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = usize::try_from(Self::place(us)).unwrap_or(COUNTS).min(COUNTS - 1);
        self.counts[at] += 1;
    }

    fn place(us: u64) -> u64 {
        let us = us.max(PARTS);
        let power = u64::from(us.ilog2());
        // Which eighth of it.
        let part = (us >> (power - 3)) - PARTS;
        (power - 3) * PARTS + part
    }

    /// The least time that has this place.
    fn us(place: u64) -> u64 {
        (PARTS + place % PARTS) << (place / PARTS).min(60)
    }

    /// The time below which `share` of all lie.
    pub(super) fn percentile(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let wanted = total as f64 * share;
        let mut seen = 0;
        for (place, count) in (0..).zip(&self.counts) {
            seen += count;
            if *count > 0 && seen as f64 >= wanted {
                return Duration::from_micros(Self::us(place));
            }
        }
        Duration::ZERO
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_right_to_an_eighth() {
        let mut spread = Spread::default();
        (0..=1000).for_each(|ms| spread.take(Duration::from_millis(ms)));
        for (share, ms) in [(0.5, 500.0), (0.99, 990.0)] {
            let found = spread.percentile(share).as_secs_f64() * 1000.0;
            assert!((ms * 0.875..=ms).contains(&found), "{share}: {found}");
        }
        assert_eq!(Spread::default().percentile(0.5), Duration::ZERO);
        spread.take(Duration::MAX);
    }

    #[test]
    fn every_answer_is_counted_once() {
        let mut tally = Tally::default();
        let died = || Off::Died { fault: "f".to_owned() };
        let all = [
            Ok(()),
            Err(died()),
            Err(died()),
            Err(Off::Overloaded),
            Err(Off::Paused(Duration::ZERO)),
            Err(Off::Wrong("text".to_owned())),
        ];
        for came in all {
            tally.ask();
            tally.answer("what", came);
        }
        assert_eq!((tally.asked, tally.answered(), tally.faults.len()), (6, 6, 1));
        assert_eq!(tally.wrong_texts, ["what: text"]);
        let mut sum = tally.clone();
        sum.add(&tally);
        assert_eq!((sum.answered(), sum.died, sum.faults.len()), (12, 4, 1));
    }
}
