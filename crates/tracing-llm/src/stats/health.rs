//! How a handler tells how it is.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::OutputStats;

/// A reading of a handler's health, which it hands out by
/// [`Handler::health`](crate::Handler::health).
///
/// It is read by whoever asks for [`Stats`](super::Stats), on any thread, while the handler works
/// and after it has ended: from counters that are shared, say. It should not block.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use tracing_llm::{Event, Handler, HandlerResult, Health, OutputStats};
///
/// /// Writes a line for each event.
/// struct Lines {
///     written: Arc<AtomicU64>,
/// }
///
/// impl Handler for Lines {
///     fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
///         println!("{}", event.name);
///         self.written.fetch_add(1, Relaxed);
///         Ok(())
///     }
///
///     fn health(&self) -> Health {
///         let written = Arc::clone(&self.written);
///         Health::reading(move || {
///             let mut lines = OutputStats::new("lines");
///             lines.exported = written.load(Relaxed);
///             vec![lines]
///         })
///     }
/// }
///
/// let lines = Lines { written: Arc::default() };
/// assert_eq!(lines.health().read()[0].exported, 0);
/// ```
#[derive(Clone, Default)]
pub struct Health(Option<Arc<dyn Fn() -> Vec<OutputStats> + Send + Sync>>);

impl Health {
    /// Nothing to tell: the handler neither sends nor writes.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Tells what this gives, one for each place that the handler sends or writes to.
    #[must_use]
    pub fn reading(read: impl Fn() -> Vec<OutputStats> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(read)))
    }

    /// The health of now. A reading that panics tells nothing.
    #[must_use]
    pub fn read(&self) -> Vec<OutputStats> {
        let read = self.0.as_ref().map(|read| catch_unwind(AssertUnwindSafe(|| read())));
        read.and_then(Result::ok).unwrap_or_default()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&self.read()).finish()
    }
}
