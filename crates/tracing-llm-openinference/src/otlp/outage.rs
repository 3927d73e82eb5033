//! Says once that the collector is away, and once that it is back.

use std::time::Instant;

use crate::endpoint::Endpoint;
use crate::stats::{Counts, Tally};

#[derive(Default)]
pub(super) struct Outage {
    since: Option<Began>,
}

struct Began {
    at: Instant,
    attempts: u64,
    counts: Counts,
}

impl Outage {
    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    pub(super) fn attempt_failed(
        &mut self,
        endpoint: &Endpoint,
        why: &str,
        tally: &Tally,
        now: Instant,
    ) {
        if let Some(began) = &mut self.since {
            began.attempts += 1;
            return;
        }
        let counts = tally.counts();
        tracing::warn!(
            target: super::TARGET,
            "cannot send spans to {endpoint}: {}; {} wait, and it is tried again",
            why.trim_end(),
            counts.waiting + counts.spooled,
        );
        self.since = Some(Began { at: now, attempts: 1, counts });
    }

    pub(super) fn answered(&mut self, endpoint: &Endpoint, tally: &Tally, now: Instant) {
        let Some(Began { at, attempts, counts: before }) = self.since.take() else { return };
        let counts = tally.counts();
        tracing::warn!(
            target: super::TARGET,
            "{endpoint} answers again after {attempts} failed attempts in {:.1?}: {} spans wait, \
             {} were dropped meanwhile",
            now.saturating_duration_since(at),
            counts.waiting + counts.spooled,
            counts.dropped - before.dropped,
        );
    }
}
