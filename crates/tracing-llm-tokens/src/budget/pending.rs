//! Reservations that wait for their events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing_llm::SpanId;

use super::account::Account;

/// How long an event is waited for after the guard of its reservation is gone.
///
/// An event may be dropped whole under pressure, or never be delivered to the counter; what was
/// reserved for it would be lost for good.
const PATIENCE: Duration = Duration::from_secs(300);

/// By event: span ids are unique, also where the trace's id is yet to change.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    waiting: Mutex<HashMap<SpanId, Vec<Waiting>>>,
    /// How many there are, to ask without the lock: most events have none.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Waiting {
    account: Arc<Account>,
    amount: u64,
    /// Tells several reservations of one event apart.
    number: u64,
    /// When the guard was dropped.
    dropped: Option<Instant>,
}

impl Pending {
    pub(super) fn insert(&self, event: SpanId, number: u64, account: Arc<Account>, amount: u64) {
        let waiting = Waiting { account, amount, number, dropped: None };
        let mut all = self.lock();
        all.entry(event).or_default().push(waiting);
        self.count.fetch_add(1, SeqCst);
    }

    /// The event has ended.
    pub(super) fn settle(&self, event: SpanId) {
        if self.count.load(SeqCst) == 0 {
            return;
        }
        let settled = self.taken(|all| all.remove(&event).unwrap_or_default());
        release(&settled);
    }

    /// The guard is gone: the event is to come soon.
    pub(super) fn expect(&self, event: SpanId, number: u64) {
        let mut waiting = self.lock();
        let all = waiting.get_mut(&event).into_iter().flatten();
        all.filter(|waiting| waiting.number == number)
            .for_each(|waiting| waiting.dropped = Some(Instant::now()));
    }

    /// Releases what was reserved for events that do not come.
    pub(super) fn release_lost(&self) {
        self.release_lost_at(Instant::now());
    }

    pub(super) fn release_lost_at(&self, now: Instant) {
        if self.count.load(SeqCst) == 0 {
            return;
        }
        let is_lost = |waiting: &Waiting| {
            waiting.dropped.is_some_and(|dropped| now.saturating_duration_since(dropped) > PATIENCE)
        };
        let lost = self.taken(|events| {
            let mut lost = Vec::new();
            events.retain(|_, all| {
                let (gone, stays): (Vec<_>, _) = std::mem::take(all).into_iter().partition(is_lost);
                lost.extend(gone);
                *all = stays;
                !all.is_empty()
            });
            lost
        });
        release(&lost);
    }

    /// What is taken out, with the count right while the lock is held.
    fn taken(
        &self,
        take: impl FnOnce(&mut HashMap<SpanId, Vec<Waiting>>) -> Vec<Waiting>,
    ) -> Vec<Waiting> {
        let mut all = self.lock();
        let taken = take(&mut all);
        self.count.fetch_sub(taken.len(), SeqCst);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SpanId, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn release(released: &[Waiting]) {
    for waiting in released {
        waiting.account.release(waiting.amount);
    }
}
