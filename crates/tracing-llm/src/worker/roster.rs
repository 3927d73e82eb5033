//! Who the handlers are: read by the handle, also when the worker is gone or busy.

use std::sync::{Arc, Mutex, PoisonError};

use crate::handler::Tally;
use crate::stats::HandlerStats;

/// The tallies of all handlers that were not taken out, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Roster(Mutex<Vec<Entry>>);

#[derive(Clone, Debug)]
struct Entry {
    id: u64,
    /// The handler's name; with a number behind it, if another has it. It stays while others go.
    name: String,
    tally: Arc<Tally>,
}

impl Roster {
    pub(super) fn add(&self, id: u64, tally: &Arc<Tally>) {
        self.list(|list| {
            let name = free_name(tally.name(), list);
            list.push(Entry { id, name, tally: Arc::clone(tally) });
        });
    }

    pub(super) fn remove(&self, id: u64) {
        self.list(|list| list.retain(|entry| entry.id != id));
    }

    pub(crate) fn stats(&self) -> Vec<HandlerStats> {
        // A handler's own reading of its health is foreign code: no lock is held over it.
        let entries = self.list(|list| list.clone());
        let stats = |Entry { name, tally, .. }: Entry| HandlerStats { name, ..tally.stats() };
        entries.into_iter().map(stats).collect()
    }

    fn list<T>(&self, with: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Two handlers of one name are told apart, as metrics must be.
fn free_name(name: &str, taken: &[Entry]) -> String {
    let is_free = |name: &String| taken.iter().all(|entry| entry.name != *name);
    let numbered = (2..).map(|number: u32| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
