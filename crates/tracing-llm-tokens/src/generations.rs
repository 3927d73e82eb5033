//! A map that forgets.

use std::collections::HashMap;
use std::hash::Hash;

/// A map that holds a limited number of entries and forgets those that were not used for longest.
///
/// New and used entries are in the young generation. When that is full, it
/// becomes the old one, and what was old and not used since is forgotten. So
/// between `limit` and `2 * limit` of the last used entries are there, and
/// each operation takes constant time.
#[derive(Clone, Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    limit: usize,
}

impl<K: Eq + Hash + Copy, V: Default> Generations<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), limit }
    }

    /// How many entries are kept.
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// The entry, if it is kept. It does not become younger.
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.young.get(&key).or_else(|| self.old.get(&key))
    }

    /// The entry, made if it is not kept.
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) {
            let kept = self.old.remove(&key).unwrap_or_default();
            if self.young.len() >= self.limit {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(key, kept);
        }
        self.young.entry(key).or_default()
    }

    /// Takes the entry out, if it is kept.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::Generations;

    #[test]
    fn what_is_used_stays_and_what_is_not_is_forgotten() {
        let mut map = Generations::<u32, &str>::new(4);
        *map.entry(0) = "used";
        *map.entry(1) = "not used";
        for key in 2..100 {
            *map.entry(key) = "new";
            assert_eq!(*map.entry(0), "used", "after {key}");
            assert!(map.len() <= 8);
        }
        assert_eq!(map.get(1), None);
        assert_eq!(map.get(99), Some(&"new"));
    }

    #[test]
    fn an_entry_that_moved_between_the_generations_is_there_once() {
        let mut map = Generations::<u32, u32>::new(2);
        for key in [0, 1, 2, 0] {
            *map.entry(key) += 1;
        }
        assert_eq!(map.get(0), Some(&2));
        assert_eq!(map.remove(0), Some(2));
        assert_eq!(map.get(0), None);
    }
}
