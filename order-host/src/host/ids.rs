//! Where fresh identifiers come from.

use order_core::ItemId;
use rand::distr::{Alphanumeric, SampleString as _};

/// How many random letters and digits an item's id has: 95 bits, which nobody guesses and no two share.
const RANDOM_CHARS: usize = 16;

/// Makes identifiers. The core has no randomness of its own, so a test can give it any.
pub trait Ids: Send + Sync + 'static {
    /// An id for an item, other than all before it.
    fn item_id(&self) -> ItemId;
}

/// Makes identifiers that cannot be guessed, from the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn item_id(&self) -> ItemId {
        loop {
            let random = Alphanumeric.sample_string(&mut rand::rng(), RANDOM_CHARS);
            // Letters and digits always make an id; there is no second round.
            if let Ok(id) = ItemId::new(&format!("item_{random}")) {
                return id;
            }
        }
    }
}
