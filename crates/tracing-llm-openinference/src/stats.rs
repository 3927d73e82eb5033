//! What became of the spans.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

    pub(crate) fn otlp_tally(&self) -> Arc<Tally> {
        Arc::clone(&self.otlp)
    }

    pub(crate) fn file_tally(&self) -> Arc<Tally> {
        Arc::clone(&self.file)
    }
}

/// Spans of one output, each counted once: `produced` is the sum of the others.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spans that were made for this output.
    pub produced: u64,
    /// Spans that the collector took, or that stand in the file.
    pub exported: u64,
    /// Spans that the collector refused for good, or that could not be written.
    pub failed: u64,
    /// Spans that were dropped because too many were waiting, or at shutdown.
    pub dropped: u64,
    /// Spans that wait to be sent.
    pub waiting: u64,
    /// Spans that an earlier run had left in the spool.
    pub recovered: u64,
    /// Spans that were sent once more after an attempt whose answer was lost: the collector
    /// may have stored them twice.
    pub resent: u64,
    /// Lines of the spool that could not be read: torn by a crash, or damaged.
    pub torn_lines: u64,
    /// Lines of the spool beyond 900 KiB, each with one large span. A Collector that reads
    /// the folder takes them only with a greater `max_log_size`.
    pub long_lines: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} spans", self.exported, self.produced)?;
        for (count, word) in
            [(self.waiting, "waiting"), (self.failed, "failed"), (self.dropped, "dropped")]
        {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        Ok(())
    }
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    produced: AtomicU64,
    exported: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    recovered: AtomicU64,
    resent: AtomicU64,
    torn_lines: AtomicU64,
    long_lines: AtomicU64,
}

impl Tally {
    pub(crate) fn produced(&self, spans: u64) {
        self.produced.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn exported(&self, spans: u64) {
        self.exported.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, spans: u64) {
        self.failed.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, spans: u64) {
        self.dropped.fetch_add(spans, Ordering::Relaxed);
    }

    /// Spans of an earlier run were found in the spool.
    pub(crate) fn recovered(&self, spans: u64) {
        self.recovered.fetch_add(spans, Ordering::Relaxed);
    }

    /// Spans that waited in the spool were dropped.
    pub(crate) fn spool_dropped(&self, spans: u64) {
        self.dropped(spans);
    }

    pub(crate) fn resent(&self, spans: u64) {
        self.resent.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn torn_lines(&self, lines: u64) {
        self.torn_lines.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn long_lines(&self, lines: u64) {
        self.long_lines.fetch_add(lines, Ordering::Relaxed);
    }

    /// What waits is what was produced and has no other fate yet. `produced` is read last,
    /// so that a span counted in between is waiting and never less than none.
    pub(crate) fn counts(&self) -> Counts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let [exported, failed, dropped] = [&self.exported, &self.failed, &self.dropped].map(load);
        let [recovered, resent, torn_lines, long_lines] =
            [&self.recovered, &self.resent, &self.torn_lines, &self.long_lines].map(load);
        let produced = load(&self.produced);
        let waiting = (produced + recovered).saturating_sub(exported + failed + dropped);
        Counts {
            produced,
            exported,
            failed,
            dropped,
            waiting,
            recovered,
            resent,
            torn_lines,
            long_lines,
        }
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
        tally.exported(5);
        tally.failed(2);
        tally.dropped(1);
        let counts = stats.clone().otlp();
        assert_eq!(counts.waiting, 2);
        assert_eq!(counts.to_string(), "5 of 10 spans, 2 waiting, 2 failed, 1 dropped");
        assert_eq!(stats.file(), Counts::default());
    }
}
