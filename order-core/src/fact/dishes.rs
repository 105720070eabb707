//! Facts about dishes.

use super::ChargesSet;
use super::traits::{Marks, Traits};
use crate::split::Weight;
use crate::value::text::Text;
use crate::{ItemId, ParticipantId, Price, Quantity, UnixMillis};

/// A fact about a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DishFact {
    /// A dish was ordered.
    Added(ItemAdded),
    /// A dish that was taken off is there again.
    Restored(Box<ItemRestored>),
    /// A line was taken off.
    Removed {
        /// Which line.
        item: ItemId,
    },
    /// A line has another quantity.
    QuantityUpdated {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Quantity,
    },
}

impl DishFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Added(_) => Traits::of("item_added").drops(Marks::KeepAuthors),
            Self::Restored(_) => Traits::of("item_restored").drops(Marks::KeepAuthors),
            Self::Removed { .. } => Traits::of("item_removed").drops(Marks::KeepAuthors),
            Self::QuantityUpdated { .. } => Traits::of("quantity_updated").drops(Marks::KeepAuthors),
        }
    }
}

/// A dish was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAdded {
    /// The line's id.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub price: Price,
    /// How it is to be made.
    pub customization: Option<Text>,
    /// Whose it is, and in which proportions. Empty: nobody's.
    pub shared_by: Vec<(ParticipantId, Weight)>,
}

/// A dish that was taken off is there again, after all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRestored {
    /// The dish, as it was.
    pub added: ItemAdded,
    /// Who had added it.
    pub added_by: ParticipantId,
    /// When.
    pub added_at: UnixMillis,
    /// The order's charges, where a discount on it ended when it was taken off.
    pub charges: Option<ChargesSet>,
}
