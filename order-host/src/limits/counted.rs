//! Counts how many of something there are at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts by a key how many of something there are at once, such as the sockets of an address. Nothing is kept of those
/// that are gone. Cheap
/// to clone; every clone is the same counter.
#[derive(Debug)]
pub struct Counted<K: Eq + Hash>(Arc<Mutex<HashMap<K, usize>>>);

/// Counts as one, until it is dropped.
#[derive(Debug)]
pub struct Ticket<K: Eq + Hash> {
    key: K,
    counted: Counted<K>,
}

impl<K: Eq + Hash + Clone> Counted<K> {
    /// Counts one more of `key`; `None` if there are `most` already.
    pub fn take(&self, key: &K, most: usize) -> Option<Ticket<K>> {
        let mut counts = self.lock();
        let count = counts.get(key).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(key.clone(), count.saturating_add(1));
        Some(Ticket { key: key.clone(), counted: self.clone() })
    }
}

impl<K: Eq + Hash> Counted<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Default for Counted<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash> Clone for Counted<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash> Drop for Ticket<K> {
    fn drop(&mut self) {
        let mut counts = self.counted.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_are_there_at_once_and_nothing_is_kept_of_the_rest() {
        let counted = Counted::default();
        let first = counted.take(&"a", 2).unwrap();
        let second = counted.take(&"a", 2).unwrap();
        assert!(counted.take(&"a", 2).is_none());
        let other = counted.take(&"b", 2).unwrap();
        drop(first);
        let third = counted.take(&"a", 2).unwrap();
        assert!(counted.take(&"a", 2).is_none());
        drop((second, third, other));
        assert!(counted.lock().is_empty());
    }
}
