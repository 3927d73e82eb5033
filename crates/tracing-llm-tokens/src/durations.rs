//! How long things took: a count, a sum, and percentiles in little memory.

use std::time::Duration;

/// Parts that each doubling of time is divided into.
const PARTS: u32 = 4; // 2^4 = 16

/// How long several calls took.
///
/// Percentiles are read from a histogram whose steps are a sixteenth of the value or less, so they
/// are within 3 % of the true ones.
///
/// ```
/// use tracing_llm_tokens::TokenCounter;
///
/// let sums = TokenCounter::new().report().llm;
/// assert_eq!(sums.elapsed.count(), 0);
/// assert_eq!(sums.elapsed.p95(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    count: u64,
    total: Duration,
    /// How many fell into each step, by the step's number; sorted, without empty ones.
    steps: Vec<(u16, u32)>,
}

impl Durations {
    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together; they may have been at the same time.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Half of them took no longer than this; none if there are none.
    #[must_use]
    pub fn p50(&self) -> Option<Duration> {
        self.percentile(50)
    }

    /// 95 of 100 took no longer than this; none if there are none.
    #[must_use]
    pub fn p95(&self) -> Option<Duration> {
        self.percentile(95)
    }

    pub(crate) fn add(&mut self, duration: Duration) {
        self.count = self.count.saturating_add(1);
        self.total = self.total.saturating_add(duration);
        let step = step(duration);
        match self.steps.binary_search_by_key(&step, |(step, _)| *step) {
            Ok(at) => self.steps[at].1 = self.steps[at].1.saturating_add(1),
            Err(at) => self.steps.insert(at, (step, 1)),
        }
    }

    /// Takes back one that was added.
    pub(crate) fn remove(&mut self, duration: Duration) {
        self.count = self.count.saturating_sub(1);
        self.total = self.total.saturating_sub(duration);
        let step = step(duration);
        if let Ok(at) = self.steps.binary_search_by_key(&step, |(step, _)| *step) {
            self.steps[at].1 -= 1;
            if self.steps[at].1 == 0 {
                self.steps.remove(at);
            }
        }
    }

    /// Adds all of the others.
    pub(crate) fn merge(&mut self, others: &Self) {
        self.count = self.count.saturating_add(others.count);
        self.total = self.total.saturating_add(others.total);
        for (step, count) in &others.steps {
            match self.steps.binary_search_by_key(step, |(step, _)| *step) {
                Ok(at) => self.steps[at].1 = self.steps[at].1.saturating_add(*count),
                Err(at) => self.steps.insert(at, (*step, *count)),
            }
        }
    }

    fn percentile(&self, percent: u64) -> Option<Duration> {
        let all: u64 = self.steps.iter().map(|(_, count)| u64::from(*count)).sum();
        let rank = (all.saturating_mul(percent)).div_ceil(100).max(1);
        let mut below = 0;
        let step = self.steps.iter().find(|(_, count)| {
            below += u64::from(*count);
            below >= rank
        });
        step.map(|(step, _)| middle(*step))
    }
}

/// The number of the step that a duration falls into: its highest bit, and the four bits below.
#[allow(clippy::cast_possible_truncation, reason = "64 doublings of 16 steps fit")]
fn step(duration: Duration) -> u16 {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let Some(doublings) = nanos.checked_ilog2().filter(|bit| *bit > PARTS) else {
        return nanos as u16;
    };
    let below = (nanos >> (doublings - PARTS)) & ((1 << PARTS) - 1);
    ((doublings << PARTS) | below as u32) as u16
}

/// The duration in the middle of a step.
fn middle(step: u16) -> Duration {
    let doublings = u32::from(step) >> PARTS;
    if doublings <= PARTS {
        return Duration::from_nanos(u64::from(step));
    }
    let below = u64::from(step) & ((1 << PARTS) - 1);
    let width = 1_u64 << (doublings - PARTS);
    Duration::from_nanos((((1 << PARTS) + below) * width).saturating_add(width / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_three_percent() {
        let mut durations = Durations::default();
        for millis in 1..=1_000 {
            durations.add(Duration::from_millis(millis));
        }
        for (found, true_millis) in [(durations.p50(), 500.0), (durations.p95(), 950.0)] {
            let millis = found.unwrap().as_secs_f64() * 1e3;
            assert!((millis / true_millis - 1.0).abs() < 0.032, "{millis} for {true_millis}");
        }
        assert_eq!(durations.count(), 1_000);
        assert_eq!(durations.total(), Duration::from_millis(500_500));
    }

    #[test]
    fn every_duration_lies_near_the_middle_of_its_step() {
        for shift in 0_u32..64 {
            for odd in [0, 1, 3, 7] {
                let nanos = (1_u64 << shift) | (odd << shift.saturating_sub(3));
                let middle = u64::try_from(middle(step(Duration::from_nanos(nanos))).as_nanos());
                let off = middle.unwrap().abs_diff(nanos);
                assert!(off <= nanos / 32 + 1, "{nanos}: {off}");
            }
        }
        assert_eq!(step(Duration::ZERO), 0);
        assert!(step(Duration::MAX) > step(Duration::from_secs(3_600)));
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut durations = Durations::default();
        durations.add(Duration::from_millis(120));
        let before = durations.clone();
        durations.add(Duration::from_secs(40));
        durations.remove(Duration::from_secs(40));
        assert_eq!(durations, before);
        durations.remove(Duration::from_millis(120));
        assert_eq!(durations, Durations::default());
        assert_eq!(durations.p50(), None);
    }

    #[test]
    fn those_of_two_are_those_of_both() {
        let (mut one, mut other, mut both) =
            (Durations::default(), Durations::default(), Durations::default());
        for millis in [3, 50, 7_000] {
            one.add(Duration::from_millis(millis));
            both.add(Duration::from_millis(millis));
        }
        for millis in [4, 50, 900] {
            other.add(Duration::from_millis(millis));
            both.add(Duration::from_millis(millis));
        }
        one.merge(&other);
        assert_eq!(one, both);
    }
}
