//! Time, as the pipeline's thread reads it and as the worker writes it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;
use crate::testing::ManualClock;

/// A moment on a clock that never runs backwards, as the clock gave it: on the pipeline's thread
/// nothing is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(Instant);

impl Tick {
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

#[derive(Debug)]
pub(crate) enum Clock {
    System {
        origin: Instant,
        /// The Unix time of `origin`, in nanoseconds.
        unix_origin: AtomicU64,
    },
    Manual {
        /// Stands for the time that the clock shows at its beginning.
        origin: Instant,
        clock: ManualClock,
    },
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::System {
            origin: Instant::now(),
            unix_origin: AtomicU64::new(Timestamp::from(SystemTime::now()).as_unix_nanos()),
        }
    }

    pub(crate) fn manual(clock: ManualClock) -> Self {
        Self::Manual { origin: Instant::now(), clock }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        match self {
            Self::System { .. } => Tick(Instant::now()),
            Self::Manual { origin, clock } => {
                let shown = Duration::from_nanos(clock.now().as_unix_nanos());
                Tick(origin.checked_add(shown).unwrap_or(*origin))
            }
        }
    }

    pub(crate) fn timestamp(&self, tick: Tick) -> Timestamp {
        let (origin, unix_origin) = match self {
            Self::System { origin, unix_origin } => (origin, unix_origin.load(Relaxed)),
            Self::Manual { origin, .. } => (origin, 0),
        };
        let nanos = tick.0.saturating_duration_since(*origin).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        Timestamp::from_unix_nanos(unix_origin.saturating_add(nanos))
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
