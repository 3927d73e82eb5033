//! What one has spent and reserved: atomics, so that asking waits for nobody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// An account: of everybody, or of one key.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Spent and reserved together: what is asked about a limit. It is one number, so that a
    /// reservation is decided and made in one step.
    committed: AtomicU64,
    spent: AtomicU64,
    /// Calls without a price.
    unpriced: AtomicU64,
    /// The limit was reached, and that was told.
    told: AtomicBool,
}

/// A call that is charged or taken back.
#[derive(Debug)]
pub(super) struct Charge {
    pub(super) amount: u64,
    pub(super) unpriced: bool,
    pub(super) taken_back: bool,
    /// The number of the call's record.
    pub(super) number: u64,
    pub(super) limit: u64,
}

impl Account {
    pub(super) fn is_below(&self, limit: u64) -> bool {
        self.committed.load(Relaxed) < limit
    }

    /// Reserves if all of it fits below the limit.
    pub(super) fn try_reserve(&self, amount: u64, limit: u64) -> bool {
        let reserve = |committed: u64| {
            let sum = committed.checked_add(amount)?;
            (committed < limit && sum <= limit).then_some(sum)
        };
        self.committed.fetch_update(Relaxed, Relaxed, reserve).is_ok()
    }

    pub(super) fn release(&self, amount: u64) {
        subtract(&self.committed, amount);
    }

    /// True if the limit is reached by it and was not before.
    ///
    /// What a call has used is spent before what was reserved for it is released: in between it
    /// counts twice, never not at all.
    pub(super) fn charge(&self, charge: &Charge) -> bool {
        let change = if charge.taken_back { subtract } else { add };
        change(&self.spent, charge.amount);
        change(&self.committed, charge.amount);
        change(&self.unpriced, u64::from(charge.unpriced));
        let reached = self.spent() >= charge.limit;
        !charge.taken_back && reached && !self.told.swap(true, Relaxed)
    }

    /// Nothing is spent; what is reserved stays.
    pub(super) fn reset(&self) {
        let spent = self.spent.swap(0, Relaxed);
        subtract(&self.committed, spent);
        self.unpriced.store(0, Relaxed);
        self.told.store(false, Relaxed);
    }

    pub(super) fn spent(&self) -> u64 {
        self.spent.load(Relaxed)
    }

    pub(super) fn reserved(&self) -> u64 {
        self.committed.load(Relaxed).saturating_sub(self.spent())
    }

    pub(super) fn unpriced(&self) -> u64 {
        self.unpriced.load(Relaxed)
    }
}

fn add(sum: &AtomicU64, amount: u64) {
    let _ = sum.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_add(amount)));
}

fn subtract(sum: &AtomicU64, amount: u64) {
    let _ = sum.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_sub(amount)));
}
