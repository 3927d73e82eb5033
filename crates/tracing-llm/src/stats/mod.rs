//! What was delivered, and what was not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

mod health;
mod metric;
mod output;
mod prometheus;
mod reader;

pub use self::health::Health;
pub use self::metric::{HealthMetric, HealthPoint};
pub use self::output::OutputStats;
pub use self::reader::StatsReader;
use crate::trap::Failure;
use crate::worker::UnknownTag;

/// What was delivered since the layer was built, and what was not.
///
/// Read by [`Callbacks::stats`](crate::Callbacks::stats).
///
/// ```
/// let (layer, callbacks) = tracing_llm::layer().build();
/// assert_eq!(callbacks.stats().ends, 0);
/// # drop(layer);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Starts that were delivered to the handlers.
    pub starts: u64,
    /// Ends that were delivered to the handlers.
    pub ends: u64,
    /// Traces whose end was delivered.
    pub traces: u64,
    /// Events that were dropped whole since the queue was full.
    pub dropped_events: u64,
    /// Scopes of traces that were dropped since the queue was full.
    pub dropped_scopes: u64,
    /// Fields and parts that came after their event was delivered, and events that began after
    /// their trace had ended.
    pub late: u64,
    /// Bytes of texts that were left out since the budget was spent.
    pub lost_bytes: u64,
    /// Values that could not be read as what their name says; they are kept as text where possible.
    pub unreadable: u64,
    /// Callsites whose tag names no event type.
    pub unknown_tags: u64,
    /// Failures of enrichers, redactors, closures and of the worker itself.
    pub failures: u64,
    /// Events that were delivered without what an enricher adds, since it panicked.
    pub unenriched: u64,
    /// Callsites of spans that are something to us and were met so far.
    pub callsites: u64,
    /// Those of them that the subscriber enables.
    pub enabled_callsites: u64,
    /// The most verbose level that the program's subscribers enable.
    pub max_level: String,
    /// Messages that wait for the worker.
    pub queued: usize,
    /// Bytes of texts that wait for their delivery, those of open spans included.
    pub queued_bytes: usize,
    /// Each handler.
    pub handlers: Vec<HandlerStats>,
    pub(crate) silence: Option<String>,
}

/// What one handler got.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandlerStats {
    /// Its name; a second one of the same name has its number behind it (`Capture 2`).
    pub name: String,
    /// Deliveries that it took, those included that it failed at.
    pub delivered: u64,
    /// Deliveries that it took and failed at, by an error or a panic.
    pub failed: u64,
    /// Deliveries that it lost since its queue was full.
    pub dropped: u64,
    /// Deliveries that wait for it. After a shutdown that took too long, these it has not had.
    pub waiting: u64,
    /// Errors and panics, those of its flush and shutdown included.
    pub failures: u64,
    /// The first of them.
    pub first_failure: Option<Failure>,
    /// What it sends and writes, as it [tells](crate::Handler::health): one for each place.
    pub outputs: Vec<OutputStats>,
}

impl Stats {
    /// Why no event is seen, if the setup silences us; none if nothing speaks for that.
    ///
    /// A global filter such as `RUST_LOG=warn` disables our spans for every layer, wherever it
    /// stands; a filter on our layer, for us alone. Asked also of a layer that was never added to a
    /// subscriber, or that was built with a [`level`](crate::Builder::level) above INFO, and of a
    /// program whose `tracing` is compiled without INFO. The first flush and the shutdown tell this
    /// to the [`Trap`](crate::Trap) unasked.
    #[must_use]
    pub fn silenced(&self) -> Option<String> {
        self.silence.clone()
    }
}

/// Counted as it happens.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) starts: AtomicU64,
    pub(crate) ends: AtomicU64,
    pub(crate) traces: AtomicU64,
    dropped_events: AtomicU64,
    dropped_scopes: AtomicU64,
    late: AtomicU64,
    lost_bytes: AtomicU64,
    pub(crate) unreadable: AtomicU64,
    unknown_tags: AtomicU64,
    /// Those of them that the worker has not told of.
    untold_tags: Mutex<Vec<UnknownTag>>,
    failures: AtomicU64,
    pub(crate) unenriched: AtomicU64,
}

impl Counters {
    pub(crate) fn failure(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn dropped_event(&self) {
        self.dropped_events.fetch_add(1, Relaxed);
    }

    pub(crate) fn dropped_scope(&self) {
        self.dropped_scopes.fetch_add(1, Relaxed);
    }

    pub(crate) fn late(&self) {
        self.late.fetch_add(1, Relaxed);
    }

    pub(crate) fn lost_bytes(&self, bytes: usize) {
        self.lost_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Once a callsite.
    pub(crate) fn unknown_tag(&self, tag: Option<UnknownTag>) {
        self.untold_tags.lock().unwrap_or_else(PoisonError::into_inner).extend(tag);
        self.unknown_tags.fetch_add(1, Relaxed);
    }

    pub(crate) fn take_unknown_tags(&self) -> Vec<UnknownTag> {
        std::mem::take(&mut self.untold_tags.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let Self {
            starts,
            ends,
            traces,
            dropped_events,
            dropped_scopes,
            late,
            lost_bytes,
            unreadable,
            unknown_tags,
            untold_tags: _,
            failures,
            unenriched,
        } = self;
        Stats {
            starts: starts.load(Relaxed),
            ends: ends.load(Relaxed),
            traces: traces.load(Relaxed),
            dropped_events: dropped_events.load(Relaxed),
            dropped_scopes: dropped_scopes.load(Relaxed),
            late: late.load(Relaxed),
            lost_bytes: lost_bytes.load(Relaxed),
            unreadable: unreadable.load(Relaxed),
            unknown_tags: unknown_tags.load(Relaxed),
            failures: failures.load(Relaxed),
            unenriched: unenriched.load(Relaxed),
            ..Stats::default()
        }
    }
}
