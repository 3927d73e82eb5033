//! Which examples were there already.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// 16 MB of hashes. Beyond, examples are no longer told apart: they are kept.
const MOST: usize = 1_000_000;

/// The examples that were seen, as 128 bits each: two of a million fall together with a
/// probability below 10⁻²⁶.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashers: [RandomState; 2],
    hashes: HashSet<u128>,
}

impl Seen {
    /// Whether it is the first time.
    pub(crate) fn is_new(&mut self, line: &str) -> bool {
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(line)));
        let hash = high << 64 | low;
        if self.hashes.len() >= MOST {
            return !self.hashes.contains(&hash);
        }
        self.hashes.insert(hash)
    }

    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
    }
}
