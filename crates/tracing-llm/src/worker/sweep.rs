//! What is done between messages: ends that found no place, wrappers' ends that waited long
//! enough, events below candidates.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use super::Worker;
use crate::clock::Tick;
use crate::state::{Node, Phase, Record};

impl Worker {
    pub(super) fn sweep(&mut self) {
        if self.shared.queue.take_missed() {
            self.find_missed();
        }
        self.release_held(false);
        self.deliver_finished(false);
    }

    /// Ends that found no place in the queue. That is rare, so it may cost a look at all records.
    fn find_missed(&mut self) {
        let mut ended = Vec::new();
        for record in self.shared.pool.open() {
            let state = record.lock();
            let (phase, missed) = (state.phase, state.missed);
            drop(state);
            if phase == Phase::Ended && missed {
                ended.push(record);
            } else if phase == Phase::Finishing
                && !self.finishing.iter().any(|known| Arc::ptr_eq(known, &record))
            {
                self.begin(&record);
                self.finishing.push(record);
            }
        }
        sort_from_outside_in(&mut ended);
        for record in ended.into_iter().rev() {
            if self.is_undecided_above(&record) {
                self.shared.queue.miss();
            } else {
                self.end(record, None);
            }
        }
        self.end_empty_traces(false);
    }

    /// Delivers the ends that a wrapper saw, once their span is closed or nothing was attached
    /// for a while.
    pub(super) fn deliver_finished(&mut self, all: bool) {
        if self.finishing.is_empty() {
            return;
        }
        let now = self.shared.clock.now();
        let waiting = std::mem::take(&mut self.finishing);
        for record in waiting {
            let mut state = record.lock();
            if state.phase != Phase::Finishing {
                continue;
            }
            let last = state.last.max(state.end).unwrap_or(state.start);
            if all || now.since(last) >= self.hold {
                state.phase = Phase::Ended;
                drop(state);
                self.end(record, None);
            } else {
                drop(state);
                self.finishing.push(record);
            }
        }
    }

    /// Whether a candidate above may still turn out to be an event.
    pub(super) fn is_undecided_above(&self, record: &Arc<Record>) -> bool {
        if self.shared.candidates.load(SeqCst) == 0 {
            return false;
        }
        let mut next = record.lock().above.0.clone();
        while let Some(record) = next {
            let state = record.lock();
            if state.node == Node::Candidate && state.is_open() {
                return true;
            }
            next = state.above.0.clone();
        }
        false
    }

    /// Handles what waited for a candidate that is decided now, or that takes too long.
    pub(super) fn release_held(&mut self, all: bool) {
        if self.held.is_empty() {
            return;
        }
        let now = Instant::now();
        for (until, message) in std::mem::take(&mut self.held) {
            if !all && now < until && self.is_undecided_above(message.record()) {
                self.held.push_back((until, message));
            } else {
                self.process(message);
            }
        }
    }

    /// At shutdown: what is still open is delivered as it is, the innermost first. All of it ends
    /// at one moment, when the shutdown was asked for: what enrichers take since then is theirs.
    pub(super) fn deliver_open(&mut self, asked: Tick) {
        let mut open = self.shared.pool.open();
        sort_from_outside_in(&mut open);
        for record in &open {
            self.begin(record);
        }
        for record in open.into_iter().rev() {
            self.end(record, Some(asked));
        }
        // Spans that closed in the meantime.
        self.deliver_rest(asked);
        self.shared.deserted.store(true, SeqCst);
        self.deliver_rest(asked);
        self.end_empty_traces(true);
    }

    fn deliver_rest(&mut self, asked: Tick) {
        while let Some(message) = self.shared.queue.pop() {
            self.end(message.into_record(), Some(asked));
        }
    }
}

/// Those that began first come first; of those that began at one moment, the outer ones.
fn sort_from_outside_in(records: &mut [Arc<Record>]) {
    records.sort_by_cached_key(|record| {
        let start = record.lock().start;
        (start, depth(record))
    });
}

/// How many records are above this one.
fn depth(record: &Arc<Record>) -> usize {
    let above = |record: &Arc<Record>| record.lock().above.0.clone();
    std::iter::successors(above(record), above).count()
}
