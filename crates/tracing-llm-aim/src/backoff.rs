//! How long to rest after a failure: exponential, with jitter. Pure.

use std::time::Duration;

/// The longest rest after a first failure; it doubles with each further one …
const FIRST: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row, and says how long to rest: at random between half the bound and the
/// bound, so that many programs do not come back to a server in step, and none comes back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    random: u64,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: seed }
    }

    /// An attempt failed.
    pub(crate) fn failed(&mut self) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        (bound / 2).mul_f64(1.0 + self.share())
    }

    /// An attempt was answered, or another series of attempts begins.
    pub(crate) fn begin_anew(&mut self) {
        self.failures = 0;
    }

    /// A number from 0 up to, but not, 1: SplitMix64, enough for jitter.
    fn share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
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
    fn the_bound_doubles_up_to_the_longest_and_half_of_it_is_sure_until_it_begins_anew() {
        for (failures, bound) in [(0, 500), (1, 1_000), (3, 4_000), (6, 30_000), (60, 30_000)] {
            let rests = (0..200).map(|seed| {
                let mut backoff = Backoff::new(seed);
                for _ in 0..failures {
                    backoff.failed();
                }
                backoff.failed()
            });
            let (shortest, longest) = (rests.clone().min().unwrap(), rests.max().unwrap());
            let bound = Duration::from_millis(bound);
            assert!(longest <= bound && longest > bound.mul_f64(0.9), "{failures}: {longest:?}");
            assert!(shortest >= bound / 2, "{failures}: {shortest:?}");
        }
        let mut backoff = Backoff::new(1);
        for _ in 0..9 {
            backoff.failed();
        }
        backoff.begin_anew();
        assert!(backoff.failed() <= FIRST);
    }
}
