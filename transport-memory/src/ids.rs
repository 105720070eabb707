//! Deterministic identifiers.

use std::sync::atomic::{AtomicU64, Ordering};

use order_core::ItemId;
use order_host::Ids;

use crate::dice::mix;

/// Generates identifiers that are unique, and the same in every run with the same seed.
/// They are guessable.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    made: AtomicU64,
}

impl SeededIds {
    /// Creates a generator for this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, made: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn item_id(&self) -> ItemId {
        loop {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            // Scattering keeps different numbers different. Sixteen digits are always a valid id.
            let scattered = mix(self.seed.wrapping_add(number));
            if let Ok(id) = ItemId::new(&format!("item_{scattered:016x}")) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_no_two_alike() {
        let (once, again) = (SeededIds::new(1), SeededIds::new(1));
        let ids: Vec<ItemId> = (0..1_000).map(|_| once.item_id()).collect();
        assert!(ids.iter().all(|id| *id == again.item_id()));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1_000);
        assert_ne!(SeededIds::new(u64::MAX).item_id(), ids[0]);
    }
}
