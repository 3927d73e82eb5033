//! The accounts of all keys, as many as there is memory for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::Text;

use super::account::{Account, Charge};
use crate::record::next_number;

/// How many accounts are kept at least.
const ACCOUNTS: usize = 16_384;

/// The account of all, and those of the keys.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    overall: Arc<Account>,
    keys: Mutex<Keys>,
}

/// Accounts that were used since the last change of generations, and those before; the lock
/// also keeps charges and resets apart.
#[derive(Debug, Default)]
struct Keys {
    young: HashMap<Text, Arc<Account>>,
    old: HashMap<Text, Arc<Account>>,
    /// Records with a lower number were charged before the last reset.
    since: u64,
}

impl Accounts {
    pub(super) fn overall(&self) -> Arc<Account> {
        Arc::clone(&self.overall)
    }

    pub(super) fn of(&self, key: &Text) -> Arc<Account> {
        self.lock().of(key)
    }

    /// Gives back the account if its limit is reached by these, and was not before.
    pub(super) fn charge(
        &self,
        key: Option<&Text>,
        mut charges: Vec<Charge>,
        limit: u64,
    ) -> Option<Arc<Account>> {
        let mut keys = self.lock();
        // What was charged before a reset is not charged or taken back after it.
        charges.retain(|charge| charge.number >= keys.since);
        if charges.is_empty() {
            return None;
        }
        let account = key.map_or_else(|| self.overall(), |key| keys.of(key));
        account.charge(&charges, limit).then_some(account)
    }

    pub(super) fn reset(&self) {
        let mut keys = self.lock();
        keys.since = next_number();
        self.overall.reset();
        let keys = &mut *keys;
        for generation in [&mut keys.young, &mut keys.old] {
            // Those that nobody holds are empty now.
            generation.retain(|_, account| {
                account.reset();
                Arc::strong_count(account) > 1
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn of(&mut self, key: &Text) -> Arc<Account> {
        if let Some(account) = self.young.get(key) {
            return Arc::clone(account);
        }
        let account = self.old.remove(key).unwrap_or_default();
        if self.young.len() >= ACCOUNTS {
            let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            // An account that is in use must stay the only one of its key.
            let held = old.into_iter().filter(|(_, account)| Arc::strong_count(account) > 1);
            self.young.extend(held);
        }
        self.young.insert(key.clone(), Arc::clone(&account));
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(accounts: &Accounts, key: &Text, amount: u64) {
        let number = next_number();
        let charge = Charge { amount, unpriced: false, taken_back: false, number };
        accounts.charge(Some(key), vec![charge], u64::MAX);
    }

    #[test]
    fn an_account_that_is_held_is_never_forgotten_and_others_are() {
        let accounts = Accounts::default();
        let (held, loose) = (Text::from("held"), Text::from("loose"));
        let handle = accounts.of(&held);
        charge(&accounts, &held, 7);
        charge(&accounts, &loose, 7);
        for number in 0..3 * ACCOUNTS {
            accounts.of(&Text::from(number.to_string()));
        }
        charge(&accounts, &held, 7);
        assert_eq!(handle.spent(), 14);
        assert_eq!(accounts.of(&loose).spent(), 0);
        let keys = accounts.lock();
        assert!(keys.young.len() + keys.old.len() <= 2 * ACCOUNTS + 1);
    }

    #[test]
    fn a_reset_reaches_accounts_of_both_generations() {
        let accounts = Accounts::default();
        let key = Text::from("held");
        let handle = accounts.of(&key);
        charge(&accounts, &key, 7);
        for number in 0..=ACCOUNTS {
            accounts.of(&Text::from(number.to_string()));
        }
        assert!(accounts.lock().old.contains_key(&key));
        accounts.reset();
        assert_eq!(handle.spent(), 0);
        charge(&accounts, &key, 5);
        assert_eq!(handle.spent(), 5);
    }
}
