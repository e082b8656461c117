//! The clock that the guest sees: UTC, coarse, and counted from the start of the session.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::stopwatch::monotonic;

/// Steps in which real clocks advance: too coarse to time a cache line, fine enough to measure a program.
const RESOLUTION_NS: u64 = 100_000;

/// Where the clock of a repeatable run begins: 2025-01-01 00:00:00 UTC.
const REPEATABLE_EPOCH_NS: u64 = 1_735_689_600 * 1_000_000_000;

/// How far the clock of a repeatable run advances each time it is read, so that loops which wait for it come to an end.
const REPEATABLE_STEP_NS: u64 = 1_000;

/// A session's clock.
#[derive(Clone, Debug)]
pub(crate) enum Time {
    /// The machine's clock, in steps of [`RESOLUTION_NS`]. `before` is what passed until the session was last restored.
    Real { began: Duration, before: Duration },
    /// A clock that only reading and sleeping moves.
    Repeatable { passed_ns: u64 },
    /// The clock while an image is built: it stands still, and nothing can be waited for.
    Frozen,
}

/// A clock at rest: how much time has passed on it.
#[derive(Serialize, Deserialize)]
pub(crate) struct TimeState {
    passed_ns: u64,
    repeatable: bool,
}

impl TimeState {
    /// Whether it is the clock of a repeatable run.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The clock goes on from here.
    pub(crate) fn resume(self) -> Time {
        if self.repeatable {
            return Time::Repeatable { passed_ns: self.passed_ns };
        }
        Time::Real { began: monotonic(), before: Duration::from_nanos(self.passed_ns) }
    }
}

impl Time {
    pub(crate) fn state(&self) -> TimeState {
        let (passed_ns, repeatable) = match self {
            Self::Real { began, before } => {
                (nanoseconds(monotonic().saturating_sub(*began) + *before), false)
            }
            Self::Repeatable { passed_ns } => (*passed_ns, true),
            Self::Frozen => (0, false),
        };
        TimeState { passed_ns, repeatable }
    }

    pub(crate) fn real() -> Self {
        Self::Real { began: monotonic(), before: Duration::ZERO }
    }

    pub(crate) fn repeatable() -> Self {
        Self::Repeatable { passed_ns: 0 }
    }

    /// Nanoseconds since 1970 in UTC.
    pub(crate) fn realtime_ns(&mut self) -> u64 {
        match self {
            Self::Real { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                coarse(since)
            }
            Self::Repeatable { .. } => REPEATABLE_EPOCH_NS.saturating_add(self.monotonic_ns()),
            Self::Frozen => 0,
        }
    }

    /// Nanoseconds since the session began.
    pub(crate) fn monotonic_ns(&mut self) -> u64 {
        match self {
            Self::Real { began, before } => coarse(monotonic().saturating_sub(*began) + *before),
            Self::Repeatable { passed_ns } => {
                *passed_ns = passed_ns.saturating_add(REPEATABLE_STEP_NS);
                *passed_ns
            }
            Self::Frozen => 0,
        }
    }

    /// CPU time of the session in nanoseconds, `used` being what the machine counted.
    pub(crate) fn cpu_ns(&mut self, used: Duration) -> u64 {
        match self {
            Self::Real { .. } => coarse(used),
            Self::Repeatable { .. } | Self::Frozen => self.monotonic_ns(),
        }
    }

    /// How long the host must really wait for a sleep of `asked`. A repeatable clock jumps instead.
    pub(crate) fn sleep(&mut self, asked: Duration) -> Duration {
        match self {
            Self::Real { .. } => asked,
            Self::Repeatable { passed_ns } => {
                *passed_ns = passed_ns.saturating_add(u64::try_from(asked.as_nanos()).unwrap_or(u64::MAX));
                Duration::ZERO
            }
            Self::Frozen => Duration::ZERO,
        }
    }

    /// The smallest step of this clock, in nanoseconds.
    pub(crate) fn resolution_ns(&self) -> u64 {
        match self {
            Self::Real { .. } => RESOLUTION_NS,
            Self::Repeatable { .. } | Self::Frozen => REPEATABLE_STEP_NS,
        }
    }
}

fn coarse(duration: Duration) -> u64 {
    let ns = nanoseconds(duration);
    ns - ns % RESOLUTION_NS
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What the machine's clock says, for people: RFC 3339, UTC, to the microsecond.
pub(crate) fn now_rfc3339() -> String {
    let now = OffsetDateTime::from(SystemTime::now());
    let whole = now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now);
    whole.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeatable_clock_that_has_slept_for_ever_stands_still() {
        let mut time = Time::repeatable();
        for _ in 0..2 {
            time.sleep(Duration::MAX);
            assert_eq!((time.realtime_ns(), time.monotonic_ns()), (u64::MAX, u64::MAX));
        }
    }

    #[test]
    fn a_repeatable_clock_moves_by_reading_and_sleeping_alone() {
        let mut time = Time::repeatable();
        assert_eq!(time.monotonic_ns(), 1_000);
        assert_eq!(time.sleep(Duration::from_secs(5)), Duration::ZERO);
        assert_eq!(time.monotonic_ns(), 5_000_002_000);
        assert_eq!(time.realtime_ns(), REPEATABLE_EPOCH_NS + 5_000_003_000);
    }

    #[test]
    fn a_real_clock_is_coarse() {
        let mut time = Time::real();
        assert_eq!(time.realtime_ns() % RESOLUTION_NS, 0);
        assert_eq!(time.monotonic_ns() % RESOLUTION_NS, 0);
    }
}
