//! Who the handlers are: read by the handle, also when the worker is gone or busy.

use std::sync::{Arc, Mutex, PoisonError};

use crate::handler::Tally;
use crate::stats::HandlerStats;

/// The tallies of all handlers that were not taken out, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Roster(Mutex<Vec<(u64, Arc<Tally>)>>);

impl Roster {
    pub(super) fn add(&self, id: u64, tally: &Arc<Tally>) {
        self.list(|list| list.push((id, Arc::clone(tally))));
    }

    pub(super) fn remove(&self, id: u64) {
        self.list(|list| list.retain(|(other, _)| *other != id));
    }

    pub(crate) fn stats(&self) -> Vec<HandlerStats> {
        self.list(|list| list.iter().map(|(_, tally)| tally.stats()).collect())
    }

    fn list<T>(&self, with: impl FnOnce(&mut Vec<(u64, Arc<Tally>)>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
