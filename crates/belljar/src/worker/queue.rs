//! A queue in which tenants take turns, so that one who asks for much makes others wait no longer. Bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What waits, tenant by tenant.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    waiting: BTreeMap<Arc<str>, VecDeque<T>>,
    /// Whose turn it is, and whose then. Exactly those who wait for something.
    turns: VecDeque<Arc<str>>,
    length: usize,
    length_max: usize,
}

impl<T> FairQueue<T> {
    /// A queue for at most `length_max`.
    pub(super) fn new(length_max: usize) -> Self {
        Self { waiting: BTreeMap::new(), turns: VecDeque::new(), length: 0, length_max }
    }

    /// Puts something behind what this tenant waits for. When the queue is full, something has to go, which is handed back: the last thing of whoever waits for
    /// most, so that nobody can fill the queue for others; the new one itself, when its tenant waits for as much as anybody.
    pub(super) fn push(&mut self, tenant: &Arc<str>, item: T) -> Option<T> {
        let mut gone = None;
        if self.length >= self.length_max {
            let own = self.waiting.get(tenant).map_or(0, VecDeque::len);
            gone = self.take_last_of_most(own);
            if gone.is_none() {
                return Some(item);
            }
        }
        self.length += 1;
        let waiting = self.waiting.entry(Arc::clone(tenant)).or_default();
        if waiting.is_empty() {
            self.turns.push_back(Arc::clone(tenant));
        }
        waiting.push_back(item);
        gone
    }

    /// Takes the last thing of the tenant who waits for most, if that is at least two more than `own`: one less leaves him no worse off than whoever gets it.
    fn take_last_of_most(&mut self, own: usize) -> Option<T> {
        let waiting = self.waiting.values_mut().max_by_key(|waiting| waiting.len())?;
        if waiting.len() < own + 2 {
            return None;
        }
        self.length -= 1;
        // He has more left, so his turn stays.
        waiting.pop_back()
    }

    /// Takes the first thing that `fits`, of the tenant whose turn it is; his next turn comes after everybody else's.
    pub(super) fn pop(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let of = |tenant: &Arc<str>| self.waiting.get(tenant)?.iter().position(&fits);
        let (turn, at) =
            self.turns.iter().enumerate().find_map(|(turn, tenant)| Some((turn, of(tenant)?)))?;
        let tenant = self.turns.remove(turn)?;
        let waiting = self.waiting.get_mut(&tenant)?;
        let item = waiting.remove(at)?;
        self.length -= 1;
        if waiting.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        Some(item)
    }

    /// Takes out everything that `fits`.
    pub(super) fn remove(&mut self, fits: impl Fn(&T) -> bool) -> Vec<T> {
        std::iter::from_fn(|| self.pop(&fits)).collect()
    }

    /// Whether anything that waits `fits`.
    pub(super) fn any(&self, fits: impl Fn(&T) -> bool) -> bool {
        self.waiting.values().flatten().any(fits)
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenants() -> [Arc<str>; 3] {
        ["a", "b", "c"].map(Arc::from)
    }

    #[test]
    fn tenants_take_turns() {
        let [a, b, c] = &tenants();
        let mut queue = FairQueue::new(10);
        for (tenant, item) in [(a, "a1"), (a, "a2"), (a, "a3"), (b, "b1"), (c, "c1"), (c, "c2")] {
            assert!(queue.push(tenant, item).is_none());
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(|_| true)).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "c2", "a3"]);
    }

    #[test]
    fn what_does_not_fit_is_passed_over_and_keeps_its_place() {
        let [a, b, _] = &tenants();
        let mut queue = FairQueue::new(3);
        for (tenant, item) in [(a, 1), (a, 2), (b, 3)] {
            assert!(queue.push(tenant, item).is_none());
        }
        assert_eq!(queue.push(b, 4), Some(4));
        assert_eq!(queue.pop(|item| *item > 1), Some(2));
        assert_eq!(queue.remove(|item| *item != 7), [3, 1]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn whoever_fills_the_queue_makes_room_for_others() {
        let [a, b, c] = &tenants();
        let mut queue = FairQueue::new(4);
        for item in 1..5 {
            assert_eq!(queue.push(a, item), None);
        }
        assert_eq!(queue.push(a, 5), Some(5), "it waits for most itself");
        assert_eq!((queue.push(b, 6), queue.push(c, 7)), (Some(4), Some(3)));
        assert_eq!(queue.push(b, 8), Some(8), "nobody waits for two more than it");
        assert_eq!(queue.remove(|_| true), [1, 6, 7, 2]);
        assert_eq!(FairQueue::new(0).push(a, 1), Some(1));
    }

    proptest! {
        /// Nothing is lost or doubled, and each tenant's own order stays.
        #[test]
        fn everything_comes_out_once_and_in_order(pushes in prop::collection::vec(0usize..3, 0..50)) {
            let tenants = tenants();
            let mut queue = FairQueue::new(50);
            for (number, tenant) in pushes.iter().enumerate() {
                prop_assert!(queue.push(&tenants[*tenant], (*tenant, number)).is_none());
            }
            let out = queue.remove(|_| true);
            prop_assert_eq!(out.len(), pushes.len());
            for tenant in 0..3 {
                let own: Vec<_> = out.iter().filter(|(of, _)| *of == tenant).map(|(_, number)| *number).collect();
                prop_assert!(own.is_sorted_by(|one, next| one < next));
            }
        }
    }
}
