//! Records that are used again.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crossbeam_queue::ArrayQueue;

use super::node::Phase;
use super::record::Record;
use super::shared::Shared;
use crate::clock::{Clock, Tick};

/// So many free records are kept ready.
const READY: usize = 64;

/// Free records, and a list of all there are.
pub(crate) struct Pool {
    shared: Weak<Shared>,
    free: ArrayQueue<Arc<Record>>,
    /// Every record that was ever made and still lives: what is open at shutdown is found here.
    all: Mutex<Vec<Weak<Record>>>,
}

impl Pool {
    pub(crate) fn new(kept: usize, shared: Weak<Shared>) -> Self {
        Self { shared, free: ArrayQueue::new(kept.max(1)), all: Mutex::new(Vec::new()) }
    }

    /// A record as good as new.
    #[inline]
    pub(crate) fn take(&self, clock: &Clock) -> Arc<Record> {
        self.free.pop().unwrap_or_else(|| self.make(clock.now()))
    }

    /// Has some records ready, with room in their buffers, so that the pipeline need not make them.
    /// The worker does this.
    pub(crate) fn stock(&self, clock: &Clock) {
        while self.free.len() < READY.min(self.free.capacity()) {
            let record = self.make(clock.now());
            record.lock().fields.make_room();
            if self.free.push(record).is_err() {
                return;
            }
        }
    }

    #[cold]
    fn make(&self, now: Tick) -> Arc<Record> {
        let record = Arc::new(Record::new(Weak::clone(&self.shared), now));
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == all.capacity() {
            all.retain(|record| record.strong_count() > 0);
        }
        all.push(Arc::downgrade(&record));
        record
    }

    /// Takes a record back once nobody else holds it; one that a child still points to is let go.
    pub(crate) fn give_back(&self, record: Arc<Record>) {
        if Arc::strong_count(&record) == 1 {
            record.reset();
            let _ = self.free.push(record);
        }
    }

    /// All records of spans that have begun and are not delivered.
    pub(crate) fn open(&self) -> Vec<Arc<Record>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter()
            .filter_map(Weak::upgrade)
            .filter(|record| !matches!(record.lock().phase, Phase::Free | Phase::Gone))
            .collect()
    }
}
