//! What became of the values.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::{Health, OutputStats};

/// What became of the values: a cheap clone that can be read at any time, from any thread.
///
/// ```
/// use tracing_llm_aim::Aim;
///
/// let aim = Aim::builder().build()?;
/// let stats = aim.stats();
/// // … `aim` goes to the layer, `stats` stays.
/// assert_eq!(stats.counts().to_string(), "0 of 0 values");
/// # Ok::<(), tracing_llm_aim::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AimStats(Arc<Mutex<Counts>>);

/// The books: texts and numbers, each a value.
///
/// They balance at every moment: `produced` is the sum of `written`, `waiting`, `refused` and
/// `dropped`. The counts below these are beside the balance.
///
/// ```
/// use tracing_llm_aim::Counts;
///
/// assert!(Counts::default().balance());
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Values that were made of events.
    pub produced: u64,
    /// Values that the server has stored.
    pub written: u64,
    /// Values that wait, or are on their way.
    pub waiting: u64,
    /// Values that the server refused for good.
    pub refused: u64,
    /// Values that were dropped: too many were waiting, or they could not be sent at shutdown.
    pub dropped: u64,
    /// Values that were sent once more after an attempt that failed. Aim stores them once. A
    /// value counts each time.
    pub resent: u64,
    /// Texts of more than 4 MiB, which were cut and say so.
    pub shortened: u64,
    /// Connections that were made to the server.
    pub connections: u64,
    /// Attempts to reach the server, or to send, that failed. Their values may be written by now.
    pub send_failures: u64,
}

impl Counts {
    /// Whether each value has exactly one fate.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.produced == self.written + self.waiting + self.refused + self.dropped
    }

    /// The same in the words that all handlers share.
    fn output(&self) -> OutputStats {
        let mut output = OutputStats::new("aim");
        output.exported = self.written;
        output.failed = self.refused;
        output.dropped = self.dropped;
        output.waiting = self.waiting;
        output.failures = self.send_failures;
        output
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} values", self.written, self.produced)?;
        for (count, word) in [
            (self.waiting, "waiting"),
            (self.refused, "refused"),
            (self.dropped, "dropped"),
            (self.resent, "resent"),
            (self.shortened, "shortened"),
        ] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        Ok(())
    }
}

impl AimStats {
    /// The books as they stand.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.lock()
    }

    /// Reads the books for the layer's statistics.
    pub(crate) fn health(&self) -> Health {
        let stats = self.clone();
        Health::reading(move || vec![stats.counts().output()])
    }

    pub(crate) fn produced(&self, values: u64) {
        let mut counts = self.lock();
        counts.produced += values;
        counts.waiting += values;
    }

    pub(crate) fn written(&self, values: u64) {
        self.settle(values, |counts| &mut counts.written);
    }

    pub(crate) fn refused(&self, values: u64) {
        self.settle(values, |counts| &mut counts.refused);
    }

    pub(crate) fn dropped(&self, values: u64) {
        self.settle(values, |counts| &mut counts.dropped);
    }

    pub(crate) fn resent(&self, values: u64) {
        self.lock().resent += values;
    }

    pub(crate) fn shortened(&self, texts: u64) {
        self.lock().shortened += texts;
    }

    pub(crate) fn connected(&self) {
        self.lock().connections += 1;
    }

    pub(crate) fn send_failure(&self) {
        self.lock().send_failures += 1;
    }

    /// Waiting values have met their fate; under one lock, so that no reader sees books that do
    /// not balance.
    fn settle(&self, values: u64, fate: fn(&mut Counts) -> &mut u64) {
        let mut counts = self.lock();
        let values = values.min(counts.waiting);
        counts.waiting -= values;
        *fate(&mut counts) += values;
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_add_up_and_say_what_is_missing() {
        let stats = AimStats::default();
        stats.produced(10);
        stats.written(5);
        stats.refused(1);
        stats.dropped(2);
        stats.resent(3);
        let counts = stats.clone().counts();
        assert_eq!(counts.waiting, 2);
        assert!(counts.balance());
        assert_eq!(counts.to_string(), "5 of 10 values, 2 waiting, 1 refused, 2 dropped, 3 resent");
    }

    #[test]
    fn the_health_tells_the_books_as_they_stand() {
        let stats = AimStats::default();
        let health = stats.health();
        stats.produced(10);
        stats.written(4);
        stats.refused(3);
        stats.dropped(2);
        stats.send_failure();
        let read = health.read();
        assert_eq!((read.len(), read[0].name.as_str()), (1, "aim"));
        assert_eq!((read[0].exported, read[0].failed, read[0].dropped), (4, 3, 2));
        assert_eq!((read[0].waiting, read[0].failures), (1, 1));
    }

    #[test]
    fn no_more_values_settle_than_wait() {
        let stats = AimStats::default();
        stats.produced(1);
        stats.written(5);
        assert_eq!(stats.counts().written, 1);
        assert!(stats.counts().balance());
    }
}
