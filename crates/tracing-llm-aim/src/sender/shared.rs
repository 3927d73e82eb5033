//! What the handler's thread and the sender's thread share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::losses::Losses;
use crate::queue::Queue;
use crate::stats::AimStats;
use crate::track::Track;

/// The queue, the orders to the sender, and what it reports. The lock is not held while something
/// is sent.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// To the sender: look again.
    orders: Condvar,
    /// From the sender: an order is carried out, or it has ended.
    reports: Condvar,
    pub(super) stats: AimStats,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) losses: Losses,
    /// Values were dropped since all was sent last: it is said once.
    said_full: bool,
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
    pub(super) fn new(queue: Queue, stats: AimStats) -> Self {
        let state = State {
            queue,
            losses: Losses::default(),
            said_full: false,
            flush: None,
            closing: false,
            ended: false,
            stirred: false,
        };
        Self { state: Mutex::new(state), orders: Condvar::new(), reports: Condvar::new(), stats }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes values. Wakes the sender when a batch is due, or when it sleeps without end.
    pub(super) fn push(&self, tracks: Vec<Track>, now: Instant) {
        let mut state = self.state();
        self.stats.produced(tracks.len() as u64);
        if state.closing {
            self.lose(&mut state, tracks.len() as u64);
            return;
        }
        let (was_empty, was_due) = (state.queue.is_empty(), is_due(&state.queue, now));
        let dropped = tracks.into_iter().map(|track| state.queue.push(track, now)).sum();
        self.overflow(&mut state, dropped);
        let is_new = dropped > 0 && !std::mem::replace(&mut state.said_full, true);
        let why = is_new.then(|| state.losses.full.clone()).flatten();
        let is_first = was_empty && !state.queue.is_empty();
        if is_first || (!was_due && is_due(&state.queue, now)) {
            self.stir(state);
        } else {
            drop(state);
        }
        // Not under the lock: who listens is not ours.
        if let Some(why) = why {
            tracing::warn!(
                target: super::TARGET,
                "values are dropped, the oldest first: {why}; more are only counted"
            );
        }
    }

    fn overflow(&self, state: &mut State, values: u64) {
        if values > 0 {
            self.stats.dropped(values);
            state.losses.overflowed += values;
            state.losses.full = Some(format!("more than {} waited", state.queue.bounds()));
        }
    }

    /// A batch of what waits.
    pub(super) fn take_batch(&self, state: &mut State, values: usize, now: Instant) -> Vec<Track> {
        let batch = state.queue.take_batch(values, now);
        state.said_full &= !state.queue.is_empty();
        batch
    }

    /// The end: what waits in the queue is dropped.
    pub(super) fn empty_queue(&self) {
        let mut state = self.state();
        let left = state.queue.take_all();
        self.lose(&mut state, left);
    }

    /// Waiting values are given up.
    pub(super) fn lose(&self, state: &mut State, values: u64) {
        self.stats.dropped(values);
        state.losses.dropped += values;
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
        while !state.stirred {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.orders.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.orders.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.stirred = false;
    }

    /// The sender has something to say.
    pub(super) fn report(&self, say: impl FnOnce(&mut State)) {
        say(&mut self.state());
        self.reports.notify_all();
    }

    /// Waits for a report, at most so long; whether it came.
    pub(super) fn await_report(&self, limit: Duration, came: impl Fn(&State) -> bool) -> bool {
        let state = self.state();
        let waited = self.reports.wait_timeout_while(state, limit, |state| !came(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

fn is_due(queue: &Queue, now: Instant) -> bool {
    queue.due(now).is_some_and(|due| due <= now)
}
