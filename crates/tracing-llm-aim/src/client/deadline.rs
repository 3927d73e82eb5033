//! One limit for several requests.

use std::time::{Duration, Instant};

/// A request gets at least so long, also when less is left.
const LEAST: Duration = Duration::from_millis(100);

/// When an answer must be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    pub(super) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now()).max(LEAST)
    }

    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}
