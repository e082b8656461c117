//! How often one client may ask: a bucket for each, that fills at a constant rate.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many seconds' worth of requests may come at once.
const BURST_S: f64 = 4.0;

/// For how many clients it is counted. Beyond that, who has not asked for longest is forgotten, whose bucket is full anyway.
const CLIENTS_MAX: usize = 10_000;

/// Counts requests by client.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<Box<str>, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    filled: Instant,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second.max(1)), buckets: Mutex::default() }
    }

    /// Counts a request; with how long to wait when there have been too many.
    pub(super) fn count(&self, client: &str, now: Instant) -> Result<(), Duration> {
        let most = self.per_second * BURST_S;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CLIENTS_MAX && !buckets.contains_key(client) {
            let full = Duration::from_secs_f64(BURST_S);
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.filled) < full);
            if buckets.len() >= CLIENTS_MAX {
                return Err(Duration::from_secs(1));
            }
        }
        let bucket = buckets.entry(client.into()).or_insert(Bucket { left: most, filled: now });
        let since = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.left = (bucket.left + since * self.per_second).min(most);
        bucket.filled = now;
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / self.per_second));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (rate, now) = (Rate::new(2), Instant::now());
        assert!((0..8).all(|_| rate.count("a", now).is_ok()));
        assert!(rate.count("a", now).is_err());
        assert!(rate.count("b", now).is_ok(), "each has a bucket of his own");
        let later = now + Duration::from_secs(1);
        assert!((0..2).all(|_| rate.count("a", later).is_ok()));
        assert_eq!(rate.count("a", later), Err(Duration::from_millis(500)));
    }
}
