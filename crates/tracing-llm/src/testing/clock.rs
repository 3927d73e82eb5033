//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use crate::Timestamp;

/// A clock that stands still until a test moves it. Clones share the time.
///
/// ```
/// use std::time::Duration;
/// use tracing_llm::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// let (layer, callbacks) = tracing_llm::layer().manual_clock(clock.clone()).build();
/// clock.advance(Duration::from_millis(250));
/// # drop((layer, callbacks));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that shows the Unix epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.0.load(SeqCst))
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), SeqCst);
    }
}
