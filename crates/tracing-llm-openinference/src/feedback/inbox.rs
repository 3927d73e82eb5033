//! Where judgements wait for the exporter's thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Feedback, Judgement};
use crate::error::Error;
use crate::stats::{Place, Tally};

/// How many judgements wait at most.
const WAITING: usize = 1_000;

/// Bounded. The lock is held for a push or a take, never while something is made or sent.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    /// The books of the outputs: what is lost here is lost for each of them.
    tallies: Vec<Arc<Tally>>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Judgement>,
    closed: bool,
}

impl Inbox {
    /// Takes a judgement; without outputs it goes nowhere, as events do.
    pub(super) fn push(&self, judgement: Judgement) -> Result<(), Error> {
        if self.tallies.is_empty() {
            return Ok(());
        }
        let mut state = self.lock();
        let why = if state.closed {
            "the exporter is shut down"
        } else if state.waiting.len() >= WAITING {
            "too much feedback waits already"
        } else {
            state.waiting.push(judgement);
            return Ok(());
        };
        drop(state);
        self.lose(1);
        Err(Error::send(format!("feedback dropped: {why}")))
    }

    fn lose(&self, judgements: usize) {
        for tally in &self.tallies {
            tally.produced(judgements as u64);
            tally.moved(Place::Waiting, Place::Dropped, judgements as u64);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The exporter's end. When it goes, what still waits is counted as dropped.
pub(crate) struct Pending(Arc<Inbox>);

impl Pending {
    pub(crate) fn new(tallies: Vec<Arc<Tally>>) -> Self {
        Self(Arc::new(Inbox { tallies, ..Inbox::default() }))
    }

    pub(crate) fn handle(&self) -> Feedback {
        Feedback { inbox: Arc::clone(&self.0) }
    }

    /// What came since the last time.
    pub(crate) fn take(&self) -> Vec<Judgement> {
        std::mem::take(&mut self.0.lock().waiting)
    }

    /// From now on nothing comes any more; what is there can be taken.
    pub(crate) fn close(&self) {
        self.0.lock().closed = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.close();
        self.0.lose(self.take().len());
    }
}
