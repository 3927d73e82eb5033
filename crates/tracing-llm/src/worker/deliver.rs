//! Batches on their way to the handlers' threads.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::roster::Roster;
use crate::handler::{AnyHandler, Batch, Delivery, HandlerThread, InboxLimit, Tally};
use crate::state::Shared;
use crate::trap::{Failure, Trap};

/// A batch is sent when it has this many deliveries, and at the end of each turn.
const FULL: usize = 512;

/// All handlers, and what is collected for them.
pub(super) struct Fanout {
    handlers: Vec<HandlerThread>,
    roster: Arc<Roster>,
    batch: Batch,
    limit: InboxLimit,
    trap: Arc<dyn Trap>,
    shared: Arc<Shared>,
    /// Sources and hooks that have failed before, by an error or by a panic.
    failed: HashSet<(String, &'static str, bool)>,
}

impl Fanout {
    pub(super) fn new(
        limit: InboxLimit,
        roster: Arc<Roster>,
        trap: Arc<dyn Trap>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            handlers: Vec::new(),
            roster,
            batch: Batch::default(),
            limit,
            trap,
            shared,
            failed: HashSet::new(),
        }
    }

    pub(super) fn has_handlers(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// Adds a handler; it gets what is delivered from now on.
    pub(super) fn add(&mut self, id: u64, handler: Box<dyn AnyHandler>) {
        self.send();
        let (trap, shared) = (Arc::clone(&self.trap), Arc::clone(&self.shared));
        match HandlerThread::start(id, handler, self.limit, trap, shared) {
            Ok(handler) => {
                self.roster.add(id, handler.tally());
                self.handlers.push(handler);
            }
            Err(error) => {
                self.shared.counters.failure();
                self.report(Failure::new("handler", "starting its thread", error.to_string()));
            }
        }
    }

    /// Takes a handler out.
    pub(super) fn remove(&mut self, id: u64) -> Option<HandlerThread> {
        self.send();
        let at = self.handlers.iter().position(|handler| handler.id == id)?;
        self.roster.remove(id);
        Some(self.handlers.remove(at))
    }

    /// Takes all handlers out; what they got can still be read.
    pub(super) fn remove_all(&mut self) -> Vec<HandlerThread> {
        self.send();
        std::mem::take(&mut self.handlers)
    }

    pub(super) fn handlers(&self) -> &[HandlerThread] {
        &self.handlers
    }

    pub(super) fn tallies(&self) -> Vec<Arc<Tally>> {
        self.handlers.iter().map(|handler| Arc::clone(handler.tally())).collect()
    }

    pub(super) fn push(&mut self, delivery: Delivery, bytes: usize) {
        if self.handlers.is_empty() {
            return;
        }
        self.batch.deliveries.push(delivery);
        self.batch.bytes += bytes;
        if self.batch.deliveries.len() >= FULL {
            self.send();
        }
    }

    /// Sends what is collected.
    pub(super) fn send(&mut self) {
        if self.batch.deliveries.is_empty() {
            return;
        }
        let batch = Arc::new(std::mem::take(&mut self.batch));
        for handler in &self.handlers {
            handler.deliver(&batch);
        }
    }

    /// Sends a failure on our side to the trap.
    pub(super) fn report(&mut self, mut failure: Failure) {
        let Failure { source, during, .. } = &failure;
        failure.first = self.failed.insert((source.clone(), during, failure.is_panic()));
        self.tell(&failure);
    }

    /// Tells the trap.
    pub(super) fn tell(&self, failure: &Failure) {
        self.shared.in_program(|| {
            let _ = catch_unwind(AssertUnwindSafe(|| self.trap.trap(failure)));
        });
    }
}
