//! Time, as the pipeline's thread reads it and as the worker writes it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;
use crate::testing::ManualClock;

/// Nanoseconds on a clock that never runs backwards. What they count from is the clock's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The count itself, for sums that must be cheap.
    #[allow(clippy::cast_possible_wrap, reason = "292 years fit")]
    pub(crate) fn nanos(self) -> i64 {
        self.0 as i64
    }
}

#[derive(Debug)]
pub(crate) enum Clock {
    System {
        origin: Instant,
        /// The Unix time of `origin`, in nanoseconds.
        unix_origin: AtomicU64,
    },
    Manual(ManualClock),
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::System {
            origin: Instant::now(),
            unix_origin: AtomicU64::new(Timestamp::from(SystemTime::now()).as_unix_nanos()),
        }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "584 years fit")]
    pub(crate) fn now(&self) -> Tick {
        match self {
            Self::System { origin, .. } => Tick(origin.elapsed().as_nanos() as u64),
            Self::Manual(clock) => Tick(clock.now().as_unix_nanos()),
        }
    }

    pub(crate) fn timestamp(&self, tick: Tick) -> Timestamp {
        match self {
            Self::System { unix_origin, .. } => {
                Timestamp::from_unix_nanos(unix_origin.load(Relaxed).saturating_add(tick.0))
            }
            Self::Manual(_) => Timestamp::from_unix_nanos(tick.0),
        }
    }

    /// Follows the machine's clock when it has run ahead by more than a second: the monotonic
    /// clock stands still while a machine sleeps. Never backwards.
    pub(crate) fn follow_wall_clock(&self) {
        if let Self::System { unix_origin, .. } = self {
            let behind = Timestamp::from(SystemTime::now()).since(self.timestamp(self.now()));
            if behind > Duration::from_secs(1) {
                let nanos = u64::try_from(behind.as_nanos()).unwrap_or(0);
                unix_origin.fetch_add(nanos, Relaxed);
            }
        }
    }
}
