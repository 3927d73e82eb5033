//! What the handler's thread and the sender's thread share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::losses::Losses;
use super::spooling::Spooling;
use crate::encode::Packed;
use crate::queue::Queue;
use crate::stats::{Place, Tally};

/// The queue, the orders to the sender, and what it reports.
///
/// Neither lock is held while something is sent. Who needs both takes the spool's first.
pub(super) struct Shared {
    state: Mutex<State>,
    /// To the sender: look again.
    orders: Condvar,
    /// From the sender: an order is carried out, or it has ended.
    reports: Condvar,
    spooling: Option<Mutex<Spooling>>,
    pub(super) tally: Arc<Tally>,
}

pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) losses: Losses,
    /// Everything is to be sent, until then.
    pub(super) flush: Option<Instant>,
    /// … and afterwards the sender is to end.
    pub(super) closing: bool,
    /// The sender has ended.
    pub(super) ended: bool,
    /// Something happened since the sender looked last.
    stirred: bool,
}

impl Shared {
    pub(super) fn new(queue: Queue, spooling: Option<Spooling>, tally: Arc<Tally>) -> Self {
        let state = State {
            queue,
            losses: Losses::default(),
            flush: None,
            closing: false,
            ended: false,
            stirred: false,
        };
        Self {
            state: Mutex::new(state),
            orders: Condvar::new(),
            reports: Condvar::new(),
            spooling: spooling.map(Mutex::new),
            tally,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn spooling(&self) -> Option<MutexGuard<'_, Spooling>> {
        Some(self.spooling.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a span. Wakes the sender when a batch is due, or when it sleeps without end.
    pub(super) fn push(&self, span: Packed, now: Instant) {
        self.tally.produced(1);
        let mut state = self.state();
        if state.closing {
            self.lose(&mut state, 1);
            return;
        }
        let first = state.queue.is_empty();
        state.queue.push(span, now);
        let due = state.queue.due(now).is_some_and(|due| due <= now);
        let over = state.queue.is_over();
        if first || due {
            self.stir(state);
        } else {
            drop(state);
        }
        if over {
            self.relieve(now);
        }
    }

    /// Moves what is too much for memory into the spool; without one, or if it fails, the oldest
    /// spans are dropped.
    ///
    /// A batch that is on its way meanwhile comes behind them if it fails: it is rather out of
    /// order than lost.
    pub(super) fn relieve(&self, now: Instant) {
        let spooling = self.spooling();
        let excess = self.state().queue.take_excess();
        if excess.is_empty() {
            return;
        }
        let left = match spooling {
            Some(mut spooling) => spooling.append(excess, &self.tally, now).err(),
            None => Some(excess),
        };
        if let Some(left) = left {
            self.lose(&mut self.state(), left.len() as u64);
        }
    }

    /// Moves all that waits in the queue into the spool. What does not get there stays.
    pub(super) fn spool_queue(&self, bytes: usize, now: Instant) {
        let Some(mut spooling) = self.spooling() else { return };
        loop {
            let batch = self.state().queue.take_batch(bytes, now);
            if batch.is_empty() {
                return;
            }
            if let Err(batch) = spooling.append(batch, &self.tally, now) {
                self.state().queue.put_back(batch, now);
                return;
            }
        }
    }

    /// The end: what waits in the queue goes to the spool, else it is dropped.
    pub(super) fn empty_queue(&self, bytes: usize, now: Instant) {
        if let Some(mut spooling) = self.spooling() {
            spooling.wake();
        }
        self.spool_queue(bytes, now);
        if let Some(mut spooling) = self.spooling() {
            // Whoever comes next, or a Collector, finds whole segments.
            spooling.close(&self.tally, now);
        }
        let mut state = self.state();
        loop {
            let left = state.queue.take_batch(bytes, now).len() as u64;
            if left == 0 {
                return;
            }
            self.lose(&mut state, left);
        }
    }

    /// Waiting spans are given up.
    pub(super) fn lose(&self, state: &mut State, spans: u64) {
        self.tally.moved(Place::Waiting, Place::Dropped, spans);
        state.losses.dropped += spans;
    }

    /// Makes the sender look again.
    pub(super) fn stir(&self, mut state: MutexGuard<'_, State>) {
        state.stirred = true;
        drop(state);
        self.orders.notify_one();
    }

    /// The sender sleeps until it is stirred or the moment has come.
    pub(super) fn sleep(&self, until: Option<Instant>) {
        let mut state = self.state();
        while !std::mem::take(&mut state.stirred) {
            state = match until {
                None => self.orders.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let rest = until.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        return;
                    }
                    let woken = self.orders.wait_timeout(state, rest);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The sender reports that an order is carried out.
    pub(super) fn report(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.reports.notify_all();
    }

    /// Waits for a report after which `done` holds, at most so long.
    pub(super) fn await_report(&self, limit: Duration, done: impl Fn(&State) -> bool) -> bool {
        let waited = self
            .reports
            .wait_timeout_while(self.state(), limit, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        done(&waited.0)
    }
}
