//! How often a tenant's runs may be there when a worker dies. Which of them it was nobody knows, so they share it; whoever is often there has to wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A death is counted in parts, since it is shared by those who were there: a tenant whose code kills pays for more than those who happened to be beside it.
const PARTS: u64 = 1000;

/// How many deaths are taken as they come.
const FREE_PARTS: u64 = 20 * PARTS;

/// After how long one death is forgiven.
const FORGIVEN_AFTER: Duration = Duration::from_secs(10);

/// How long a tenant with more waits: first, and at most. It doubles with each.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What is held against tenants.
#[derive(Debug, Default)]
pub(super) struct Deaths(BTreeMap<Arc<str>, Counted>);

#[derive(Debug)]
struct Counted {
    parts: u64,
    /// When so many were left of them.
    at: Duration,
    /// From when on his code is run again.
    until: Duration,
}

impl Counted {
    /// What is not forgiven yet.
    fn left(&self, now: Duration) -> u64 {
        let forgiven = (now - self.at).as_millis() * u128::from(PARTS) / FORGIVEN_AFTER.as_millis();
        self.parts.saturating_sub(u64::try_from(forgiven).unwrap_or(u64::MAX))
    }

    fn count(&mut self, parts: u64, now: Duration) {
        self.parts = self.left(now) + parts;
        self.at = now;
        let over = self.parts.saturating_sub(FREE_PARTS).div_ceil(PARTS);
        if let Some(doubled) = over.checked_sub(1) {
            let pause = PAUSE_MIN.saturating_mul(1 << doubled.min(16));
            self.until = now + pause.min(PAUSE_MAX);
        }
    }
}

impl Deaths {
    /// A worker died in which these tenants had runs.
    pub(super) fn count<'a>(&mut self, tenants: impl ExactSizeIterator<Item = &'a Arc<str>>, now: Duration) {
        self.0.retain(|_, counted| counted.until > now || counted.left(now) > 0);
        let parts = PARTS.div_ceil(tenants.len().max(1) as u64);
        for tenant in tenants {
            let none = Counted { parts: 0, at: now, until: Duration::ZERO };
            self.0.entry(Arc::clone(tenant)).or_insert(none).count(parts, now);
        }
    }

    /// How long this tenant has to wait; none if he has not.
    pub(super) fn pause(&self, tenant: &str, now: Duration) -> Option<Duration> {
        let pause = self.0.get(tenant)?.until.saturating_sub(now);
        (!pause.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants<const COUNT: usize>() -> [Arc<str>; COUNT] {
        std::array::from_fn(|number| number.to_string().into())
    }

    #[test]
    fn whoever_is_often_there_waits_longer_and_longer_and_is_forgiven() {
        let [often, seldom] = &tenants();
        let (mut deaths, mut now) = (Deaths::default(), Duration::from_secs(1000));
        for _ in 0..20 {
            deaths.count([often].into_iter(), now);
        }
        deaths.count([seldom].into_iter(), now);
        assert_eq!((deaths.pause(often, now), deaths.pause(seldom, now)), (None, None));
        let mut pause = |now| {
            deaths.count([often].into_iter(), now);
            deaths.pause(often, now)
        };
        let pauses: Vec<_> = (0..12).map(|_| pause(now).unwrap()).collect();
        assert_eq!((pauses[0], pauses[1], pauses[11]), (PAUSE_MIN, PAUSE_MIN * 2, PAUSE_MAX));
        now += PAUSE_MAX * 11;
        assert_eq!(pause(now), None, "all of it is forgiven");
    }

    #[test]
    fn those_who_were_beside_it_share_what_one_pays_for() {
        let [hostile, others @ ..] = &tenants::<8>();
        let (mut deaths, mut now) = (Deaths::default(), Duration::from_secs(1000));
        // Each time somebody else is there as well.
        for other in others.iter().cycle().take(200) {
            deaths.count([hostile, other].into_iter(), now);
            now += Duration::from_secs(2);
        }
        assert!(deaths.pause(hostile, now).is_some());
        assert!(others.iter().all(|other| deaths.pause(other, now).is_none()));
    }

    #[test]
    fn everybody_goes_on_where_workers_die_whatever_they_do() {
        let tenants = &tenants::<8>();
        let mut deaths = Deaths::default();
        for second in 0..1000 {
            let now = Duration::from_secs(1000 + 3 * second);
            deaths.count(tenants.iter(), now);
            assert!(tenants.iter().all(|tenant| deaths.pause(tenant, now).is_none()), "{second}");
        }
    }
}
