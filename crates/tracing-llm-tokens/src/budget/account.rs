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
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    pub(super) amount: u64,
    pub(super) unpriced: bool,
    pub(super) taken_back: bool,
    /// The number of the call's record.
    pub(super) number: u64,
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

    /// True if the limit is reached by these and was not before.
    ///
    /// They are charged in one step: where one call counts in place of another, nobody sees both
    /// or none of them. What a call has used is spent before what was reserved for it is released:
    /// in between it counts twice, never not at all.
    pub(super) fn charge(&self, charges: &[Charge], limit: u64) -> bool {
        let amounts = |charge: &Charge| charge.amount;
        change(&self.spent, charges, amounts);
        change(&self.committed, charges, amounts);
        change(&self.unpriced, charges, |charge| u64::from(charge.unpriced));
        if self.spent() < limit {
            // Calls were taken back: it is news when the limit is reached again.
            self.told.store(false, Relaxed);
            return false;
        }
        charges.iter().any(|charge| !charge.taken_back) && !self.told.swap(true, Relaxed)
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

/// Adds what is charged, takes away what is taken back, and shows the result only.
fn change(sum: &AtomicU64, charges: &[Charge], amount: impl Fn(&Charge) -> u64) {
    let of = |taken_back: bool| {
        let those = charges.iter().filter(|charge| charge.taken_back == taken_back);
        those.map(&amount).fold(0, u64::saturating_add)
    };
    let (added, removed) = (of(false), of(true));
    let change = |sum: u64| Some(sum.saturating_add(added).saturating_sub(removed));
    let _ = sum.fetch_update(Relaxed, Relaxed, change);
}

fn subtract(sum: &AtomicU64, amount: u64) {
    let _ = sum.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_sub(amount)));
}
