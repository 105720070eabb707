//! Sources of fresh identifiers.

use order_core::ItemId;
use rand::distr::{Alphanumeric, SampleString as _};

/// Random letters and digits in an item's id: 95 bits, which cannot be guessed and do not
/// collide.
const RANDOM_CHARS: usize = 16;

/// Generates identifiers. order-core has no randomness of its own, so that tests can supply
/// their own ids.
pub trait Ids: Send + Sync + 'static {
    /// Returns an item id that was never returned before.
    fn item_id(&self) -> ItemId;
}

/// Makes identifiers that cannot be guessed, from the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn item_id(&self) -> ItemId {
        loop {
            let random = Alphanumeric.sample_string(&mut rand::rng(), RANDOM_CHARS);
            // Letters and digits are always a valid id; the loop runs once.
            if let Ok(id) = ItemId::new(&format!("item_{random}")) {
                return id;
            }
        }
    }
}
