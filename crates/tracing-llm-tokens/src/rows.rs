//! The sums by one key, for as many values of it as there is memory for.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::record::TokenRecord;
use crate::sums::Sums;

/// How many keys without a row of their own are told apart.
const FOLDED: usize = 65_536;

/// Sums by a key. A key comes from the program's data and may have any number of values, such as
/// sessions: the values that were used last have sums of their own, between `limit` and twice as
/// many; the rest share one.
#[derive(Clone, Debug)]
pub(crate) struct Rows<K> {
    rows: HashMap<K, Own>,
    others: Sums,
    /// The hashes of the keys that have gone into `others`: a key that comes back and goes again is
    /// one key.
    folded: HashSet<u64>,
    limit: usize,
}

#[derive(Clone, Debug, Default)]
struct Own {
    sums: Sums,
    /// The numbers of the first and the last call. What is older than the first is in `others`.
    first: u64,
    last: u64,
}

impl<K: Eq + Hash + Clone> Rows<K> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            rows: HashMap::new(),
            others: Sums::default(),
            folded: HashSet::new(),
            limit: limit.max(1),
        }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.max(1);
    }

    pub(crate) fn add(&mut self, key: K, record: &TokenRecord) {
        if !self.rows.contains_key(&key) && self.rows.len() >= self.limit.saturating_mul(2) {
            self.fold();
        }
        let fresh = || Own { first: record.number, ..Own::default() };
        let own = self.rows.entry(key).or_insert_with(fresh);
        own.last = own.last.max(record.number);
        if own.first <= record.number {
            own.sums.add(record);
        } else {
            self.others.add(record);
        }
    }

    /// Begins with the sums of calls of this key that came before, up to one of this number.
    pub(crate) fn begin(&mut self, key: K, sums: Sums, last: u64) {
        self.rows.insert(key, Own { sums, first: 0, last });
    }

    /// Takes back a call that was added: from where it went.
    pub(crate) fn remove(&mut self, key: &K, record: &TokenRecord) {
        match self.rows.get_mut(key) {
            Some(own) if own.first <= record.number => own.sums.remove(record),
            _ => self.others.remove(record),
        }
    }

    /// The values with calls, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Sums)> {
        self.iter_all()
            .filter(|(_, sums)| sums.calls > 0)
            .filter_map(|(key, sums)| Some((key?, sums)))
    }

    /// The values that have a row, in no order, and last the rest; also where all calls are taken
    /// back.
    pub(crate) fn iter_all(&self) -> impl Iterator<Item = (Option<&K>, &Sums)> {
        let own = self.rows.iter().map(|(key, own)| (Some(key), &own.sums));
        own.chain(std::iter::once((None, &self.others)))
    }

    /// How many keys share the rest, and their sums; none if there are none.
    pub(crate) fn others(&self) -> Option<(u64, &Sums)> {
        (self.others.calls > 0).then_some((self.folded.len() as u64, &self.others))
    }

    /// Puts those that were not used for longest into one, so that `limit` are left.
    fn fold(&mut self) {
        let mut last: Vec<u64> = self.rows.values().map(|own| own.last).collect();
        let surplus = last.len().saturating_sub(self.limit);
        if surplus == 0 {
            return;
        }
        let (_, bound, _) = last.select_nth_unstable(surplus - 1);
        let bound = *bound;
        let (others, folded) = (&mut self.others, &mut self.folded);
        self.rows.retain(|key, own| {
            let stays = own.last > bound;
            if !stays {
                others.merge(&own.sums);
                if own.sums.calls > 0 && folded.len() < FOLDED {
                    folded.insert(hash(key));
                }
            }
            stays
        });
    }
}

fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
