//! How often a tenant's runs may be there when a worker dies. Which of them it was nobody knows, so each counts; whoever is often there has to wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many deaths in a row are taken as they come.
const FREE_MAX: u32 = 20;

/// After how long without one nothing is held against a tenant any more.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// How long he waits: first, and at most. It doubles in between.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What is held against tenants.
#[derive(Debug, Default)]
pub(super) struct Deaths(BTreeMap<Arc<str>, Counted>);

#[derive(Debug)]
struct Counted {
    deaths: u32,
    last: Duration,
}

impl Counted {
    /// From when on his code is run again.
    fn until(&self) -> Duration {
        let Some(over) = self.deaths.checked_sub(FREE_MAX).filter(|over| *over > 0) else {
            return Duration::ZERO;
        };
        let pause = PAUSE_MIN.saturating_mul(1 << (over - 1).min(16));
        self.last + pause.min(PAUSE_MAX)
    }
}

impl Deaths {
    /// A worker died in which this tenant had a run.
    pub(super) fn count(&mut self, tenant: &Arc<str>, now: Duration) {
        self.0.retain(|_, counted| now - counted.last < FORGIVEN_AFTER);
        let counted = self.0.entry(Arc::clone(tenant)).or_insert(Counted { deaths: 0, last: now });
        counted.deaths += 1;
        counted.last = now;
    }

    /// How long this tenant has to wait; none if he has not.
    pub(super) fn pause(&self, tenant: &str, now: Duration) -> Option<Duration> {
        let pause = self.0.get(tenant)?.until().saturating_sub(now);
        (!pause.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_often_there_waits_longer_and_longer_and_is_forgiven() {
        let (often, seldom): (Arc<str>, Arc<str>) = ("often".into(), "seldom".into());
        let mut deaths = Deaths::default();
        let mut now = Duration::from_secs(1000);
        for _ in 0..FREE_MAX {
            deaths.count(&often, now);
        }
        deaths.count(&seldom, now);
        assert_eq!((deaths.pause("often", now), deaths.pause("seldom", now)), (None, None));
        let mut pauses = Vec::new();
        for _ in 0..12 {
            deaths.count(&often, now);
            let pause = deaths.pause("often", now).unwrap();
            pauses.push(pause);
            now += pause;
            assert_eq!(deaths.pause("often", now), None);
        }
        assert_eq!((pauses[0], pauses[1], pauses[11]), (PAUSE_MIN, PAUSE_MIN * 2, PAUSE_MAX));
        now += FORGIVEN_AFTER;
        deaths.count(&often, now);
        assert_eq!(deaths.pause("often", now), None);
    }
}
