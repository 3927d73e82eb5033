//! How long to rest after a failure: exponential, with full jitter. Pure.

use std::time::Duration;

/// The longest rest after a first failure; it doubles with each further one …
const FIRST: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST: Duration = Duration::from_secs(30);
/// A collector may ask for a longer rest, up to this.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Counts failures in a row, and says how long to rest.
///
/// The rest is chosen at random below the bound, so that many programs do not come back to
/// a collector in step.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    random: Random,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: Random(seed) }
    }

    /// An attempt failed. What the collector asked for is the least rest.
    pub(crate) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let jitter = bound.mul_f64(self.random.share());
        asked.map_or(jitter, |asked| asked.min(LONGEST_ASKED).max(jitter))
    }

    /// An attempt was answered.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// SplitMix64: enough for jitter, and reproducible from its seed.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// A number from 0 up to, but not, 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The upper 53 bits are what a double holds exactly.
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest_and_starts_anew_after_a_success() {
        for (failures, bound) in [(0, 500), (1, 1_000), (3, 4_000), (6, 30_000), (60, 30_000)] {
            let mut longest = Duration::ZERO;
            for seed in 0..200 {
                let mut backoff = Backoff::new(seed);
                (0..failures).for_each(|_| {
                    backoff.failed(None);
                });
                longest = longest.max(backoff.failed(None));
            }
            let bound = Duration::from_millis(bound);
            assert!(longest <= bound && longest > bound.mul_f64(0.9), "{failures}: {longest:?}");
        }
        let mut backoff = Backoff::new(1);
        (0..9).for_each(|_| {
            backoff.failed(None);
        });
        backoff.succeeded();
        assert!(backoff.failed(None) <= FIRST);
    }

    #[test]
    fn the_jitter_is_full_and_reproducible() {
        let rests = |seed| -> Vec<Duration> {
            (0..100u64).map(|step| Backoff::new(seed + step).failed(None)).collect()
        };
        assert_eq!(rests(7), rests(7));
        assert!(rests(7).iter().any(|rest| *rest < FIRST / 10));
        assert!(rests(7).iter().any(|rest| *rest > FIRST * 9 / 10));
    }

    #[test]
    fn what_the_collector_asks_for_is_the_least_rest_within_reason() {
        let mut backoff = Backoff::new(1);
        let asked = Duration::from_secs(20);
        assert_eq!(backoff.failed(Some(asked)), asked);
        assert_eq!(backoff.failed(Some(Duration::from_secs(86_400))), LONGEST_ASKED);
        assert!(Backoff::new(1).failed(Some(Duration::ZERO)) > Duration::ZERO);
    }
}
