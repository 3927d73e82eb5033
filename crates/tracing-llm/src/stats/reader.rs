//! Reads the statistics from anywhere.

use std::fmt;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;

use super::Stats;
use crate::state::Shared;
use crate::worker::Roster;

/// Reads [`Stats`] on any thread at any time: for a metrics endpoint, or a callback of a metrics
/// library. Given by [`Callbacks::stats_reader`](crate::Callbacks::stats_reader); clones are cheap.
///
/// It waits for nobody. So it tells what is counted at that moment, where
/// [`Callbacks::stats`](crate::Callbacks::stats) lets the worker finish what it is at; and it
/// does not ask the subscriber: [`callsites`](Stats::callsites),
/// [`enabled_callsites`](Stats::enabled_callsites) and [`silenced`](Stats::silenced) tell nothing.
///
/// ```
/// let (layer, callbacks) = tracing_llm::layer().build();
/// let reader = callbacks.stats_reader();
/// std::thread::spawn(move || assert_eq!(reader.read().ends, 0)).join().unwrap();
/// # drop(layer);
/// ```
#[derive(Clone)]
pub struct StatsReader {
    shared: Arc<Shared>,
    roster: Arc<Roster>,
}

impl StatsReader {
    pub(crate) fn new(shared: Arc<Shared>, roster: Arc<Roster>) -> Self {
        Self { shared, roster }
    }

    /// What was delivered until now, and what was not; also after a shutdown.
    #[must_use]
    pub fn read(&self) -> Stats {
        Stats {
            handlers: self.roster.stats(),
            queued: self.shared.queue.len(),
            queued_bytes: self.shared.queue.bytes(),
            max_level: LevelFilter::current().to_string(),
            ..self.shared.counters.snapshot()
        }
    }
}

impl fmt::Debug for StatsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatsReader").field(&self.read()).finish()
    }
}
