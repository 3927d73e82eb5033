//! What one handler got, counted as it happens.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::stats::{HandlerStats, Health};
use crate::trap::Failure;

/// Counted by the handler's thread and by the worker; read by the handle, also after both are gone.
#[derive(Debug)]
pub(crate) struct Tally {
    name: String,
    queued: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    failures: AtomicU64,
    first_failure: Mutex<Option<Failure>>,
    health: Health,
}

impl Tally {
    pub(super) fn new(name: String, health: Health) -> Self {
        Self {
            name,
            queued: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            first_failure: Mutex::new(None),
            health,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn queued(&self, deliveries: usize) {
        self.queued.fetch_add(deliveries as u64, Relaxed);
    }

    pub(super) fn dropped(&self, deliveries: usize) {
        self.dropped.fetch_add(deliveries as u64, Relaxed);
    }

    pub(super) fn delivered(&self, well: bool) {
        self.failed.fetch_add(u64::from(!well), Relaxed);
        self.delivered.fetch_add(1, Relaxed);
    }

    pub(super) fn failure(&self, failure: &Failure) {
        self.failures.fetch_add(1, Relaxed);
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| failure.clone());
    }

    /// What it got, and how it says that it is.
    pub(crate) fn stats(&self) -> HandlerStats {
        HandlerStats { outputs: self.health.read(), ..self.deliveries() }
    }

    /// What it got.
    fn deliveries(&self) -> HandlerStats {
        let delivered = self.delivered.load(Relaxed);
        HandlerStats {
            name: self.name.clone(),
            delivered,
            failed: self.failed.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            waiting: self.queued.load(Relaxed).saturating_sub(delivered),
            failures: self.failures.load(Relaxed),
            first_failure: self
                .first_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            outputs: Vec::new(),
        }
    }
}

/// What a handler failed at and lost since this was told last.
#[derive(Debug, Default)]
pub(super) struct Untold {
    delivered: u64,
    failed: u64,
    dropped: u64,
    first: Option<Failure>,
}

impl Untold {
    /// A delivery failed.
    pub(super) fn failed(&mut self, failure: &Failure) {
        self.first.get_or_insert_with(|| failure.clone());
    }

    /// Tells it. `hook` is how the hook went that somebody waits for.
    pub(super) fn tell(&mut self, tally: &Tally, hook: Result<(), Failure>) -> Result<(), String> {
        let HandlerStats { name, delivered, failed, dropped, .. } = tally.deliveries();
        let mut told = Vec::new();
        if let Some(first) = self.first.take() {
            let what = if first.is_panic() { "panic" } else { "error" };
            told.push(format!(
                "{name} failed {} of {} deliveries, first: {what} in {}: {}",
                failed - self.failed,
                delivered - self.delivered,
                first.during,
                first.message
            ));
        }
        if dropped > self.dropped {
            let lost = dropped - self.dropped;
            told.push(format!("{name} lost {lost} deliveries since its queue was full"));
        }
        told.extend(hook.err().map(|failure| failure.to_string()));
        (self.delivered, self.failed, self.dropped) = (delivered, failed, dropped);
        if told.is_empty() { Ok(()) } else { Err(told.join("; ")) }
    }
}
