//! What became of the spans.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::{Health, OutputStats};

/// What became of the spans: a cheap clone that can be read at any time, from any thread.
///
/// ```
/// use tracing_llm_openinference::OpenInference;
///
/// let spans = OpenInference::builder().build()?;
/// let stats = spans.stats();
/// // … `spans` goes to the layer, `stats` stays.
/// assert_eq!(stats.otlp().exported, 0);
/// assert_eq!(stats.otlp().to_string(), "0 of 0 spans");
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExportStats {
    otlp: Arc<Tally>,
    file: Arc<Tally>,
}

impl ExportStats {
    /// The spans that were to be sent over OTLP.
    #[must_use]
    pub fn otlp(&self) -> Counts {
        self.otlp.counts()
    }

    /// The spans that were to be written to the file.
    #[must_use]
    pub fn file(&self) -> Counts {
        self.file.counts()
    }

    /// Reads the books of those outputs that are there, for the layer's statistics.
    pub(crate) fn health(&self, has_otlp: bool, has_file: bool) -> Health {
        let stats = self.clone();
        Health::reading(move || {
            let otlp = has_otlp.then(|| stats.otlp().output("otlp"));
            let file = has_file.then(|| stats.file().output("file"));
            otlp.into_iter().chain(file).collect()
        })
    }

    pub(crate) fn otlp_tally(&self) -> Arc<Tally> {
        Arc::clone(&self.otlp)
    }

    pub(crate) fn file_tally(&self) -> Arc<Tally> {
        Arc::clone(&self.file)
    }
}

/// The books of one output.
///
/// They balance at every moment: `produced` + `recovered` is the sum of `exported`, `waiting`,
/// `spooled`, `failed` and `dropped`. The counts below these are beside the balance.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spans that were made for this output.
    pub produced: u64,
    /// Spans that an earlier run had left in the spool.
    pub recovered: u64,
    /// Spans that the collector took, or that stand in the file.
    pub exported: u64,
    /// Spans that wait in memory, or are on their way.
    pub waiting: u64,
    /// Spans that wait in the spool.
    pub spooled: u64,
    /// Spans that the collector refused for good, or that could not be written.
    pub failed: u64,
    /// Spans that were dropped: too many were waiting, or they could not be sent at shutdown.
    pub dropped: u64,
    /// Events, and roots of named traces, of which no span was made, since the sampler
    /// (`OTEL_TRACES_SAMPLER`) leaves their trace out.
    pub unsampled: u64,
    /// Spans that were sent once more after an attempt whose answer was lost: the collector
    /// may have stored them twice. A span counts each time.
    pub resent: u64,
    /// Spans that were too large and arrive with the bytes cut marked.
    pub shrunk: u64,
    /// Attributes that were left out since their span held too many.
    pub dropped_attributes: u64,
    /// Requests and writes that failed. Spans of a request that got no answer wait for the next.
    pub send_failures: u64,
    /// Times that the spool could not be written or read; its spans stayed where they were.
    pub spool_failures: u64,
    /// Bytes of the spool's files that are this exporter's; at shutdown they are left to the next.
    pub spool_bytes: u64,
    /// Lines of the spool that could not be read: torn by a crash, or damaged.
    pub torn_lines: u64,
    /// Lines of the spool beyond 900 KiB, each with one large span. A Collector that reads
    /// the folder takes them only with a greater `max_log_size`.
    pub long_lines: u64,
}

impl Counts {
    /// Whether each span has exactly one fate.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.produced + self.recovered
            == self.exported + self.waiting + self.spooled + self.failed + self.dropped
    }

    /// The same in the words that all handlers share.
    fn output(&self, name: &str) -> OutputStats {
        let mut output = OutputStats::new(name);
        output.exported = self.exported;
        output.failed = self.failed;
        output.dropped = self.dropped;
        output.waiting = self.waiting;
        output.spooled = self.spooled;
        output.spool_bytes = self.spool_bytes;
        output.failures = self.send_failures + self.spool_failures;
        output
    }

    fn at(&mut self, place: Place) -> &mut u64 {
        match place {
            Place::Waiting => &mut self.waiting,
            Place::Spooled => &mut self.spooled,
            Place::Exported => &mut self.exported,
            Place::Failed => &mut self.failed,
            Place::Dropped => &mut self.dropped,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} spans", self.exported, self.produced + self.recovered)?;
        for (count, word) in [
            (self.waiting, "waiting"),
            (self.spooled, "spooled"),
            (self.failed, "failed"),
            (self.dropped, "dropped"),
            (self.unsampled, "unsampled"),
            (self.resent, "resent"),
            (self.shrunk, "shrunk"),
        ] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        Ok(())
    }
}

/// Where a span is, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Waiting,
    Spooled,
    Exported,
    Failed,
    Dropped,
}

/// The accounts behind [`Counts`]. Each entry moves spans from one account to another under
/// one lock, so that no reader ever sees books that do not balance.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    /// Spans were made; they wait.
    pub(crate) fn produced(&self, spans: u64) {
        let mut counts = self.lock();
        counts.produced += spans;
        counts.waiting += spans;
    }

    /// Spans were not made, since their traces are not sampled.
    pub(crate) fn unsampled(&self, spans: u64) {
        self.lock().unsampled += spans;
    }

    /// Spans of an earlier run were found in the spool.
    pub(crate) fn recovered(&self, spans: u64) {
        let mut counts = self.lock();
        counts.recovered += spans;
        counts.spooled += spans;
    }

    /// Spans that waited in the spool were dropped.
    pub(crate) fn spool_dropped(&self, spans: u64) {
        self.moved(Place::Spooled, Place::Dropped, spans);
    }

    pub(crate) fn torn_lines(&self, lines: u64) {
        self.lock().torn_lines += lines;
    }

    pub(crate) fn long_lines(&self, lines: u64) {
        self.lock().long_lines += lines;
    }

    /// Waiting spans were taken.
    pub(crate) fn exported(&self, spans: u64) {
        self.moved(Place::Waiting, Place::Exported, spans);
    }

    /// Waiting spans were refused, or could not be written.
    pub(crate) fn failed(&self, spans: u64) {
        self.moved(Place::Waiting, Place::Failed, spans);
    }

    /// Spans changed their place. No more of them than are there.
    pub(crate) fn moved(&self, from: Place, to: Place, spans: u64) {
        let mut counts = self.lock();
        let spans = spans.min(*counts.at(from));
        *counts.at(from) -= spans;
        *counts.at(to) += spans;
    }

    pub(crate) fn resent(&self, spans: u64) {
        self.lock().resent += spans;
    }

    /// A span lost texts or attributes before it was encoded.
    pub(crate) fn narrowed(&self, shrunk: bool, dropped_attributes: u64) {
        if shrunk || dropped_attributes > 0 {
            let mut counts = self.lock();
            counts.shrunk += u64::from(shrunk);
            counts.dropped_attributes += dropped_attributes;
        }
    }

    pub(crate) fn spool_failure(&self) {
        self.lock().spool_failures += 1;
    }

    pub(crate) fn send_failure(&self) {
        self.lock().send_failures += 1;
    }

    /// So large is the spool now.
    pub(crate) fn spool_bytes(&self, bytes: u64) {
        self.lock().spool_bytes = bytes;
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.lock()
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
        let stats = ExportStats::default();
        let tally = stats.otlp_tally();
        tally.produced(10);
        tally.recovered(4);
        tally.spool_dropped(2);
        tally.exported(5);
        tally.failed(2);
        tally.moved(Place::Waiting, Place::Dropped, 1);
        tally.moved(Place::Spooled, Place::Exported, 1);
        tally.resent(3);
        let counts = stats.clone().otlp();
        assert_eq!((counts.waiting, counts.spooled), (2, 1));
        assert!(counts.balance());
        assert_eq!(
            counts.to_string(),
            "6 of 14 spans, 2 waiting, 1 spooled, 2 failed, 3 dropped, 3 resent"
        );
        assert_eq!(stats.file(), Counts::default());
    }

    #[test]
    fn no_more_spans_move_than_are_there() {
        let tally = Tally::default();
        tally.produced(1);
        tally.exported(5);
        assert_eq!(tally.counts().exported, 1);
        assert!(tally.counts().balance());
    }
}
