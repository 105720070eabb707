//! Facts about dishes.

use super::ChargesSet;
use super::traits::{Marks, Traits};
use crate::split::{SplitRule, Weight};
use crate::value::text::Text;
use crate::{ItemId, ParticipantId, Price, Quantity, UnixMillis};

/// A fact about a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DishFact {
    /// A dish was ordered.
    Added(ItemAdded),
    /// Several dishes were ordered together.
    AllAdded(Vec<ItemAdded>),
    /// A removed dish was restored.
    Restored(Box<ItemRestored>),
    /// Several removed dishes were restored together. Charges that come back with them are in the last.
    AllRestored(Vec<ItemRestored>),
    /// Several lines were removed together.
    AllRemoved {
        /// The lines' ids.
        items: Vec<ItemId>,
    },
    /// A line was removed.
    Removed {
        /// The line's id.
        item: ItemId,
    },
    /// The quantity of a line changed.
    QuantityUpdated {
        /// The line's id.
        item: ItemId,
        /// The new number of pieces.
        quantity: Quantity,
    },
    /// The texts of a line changed.
    Edited {
        /// The line's id.
        item: ItemId,
        /// The name from now on.
        dish_name: Text,
        /// The customization from now on.
        customization: Option<Text>,
    },
    /// A dish never came, or was wrong, and was taken off a bill that may be final.
    Corrected(Box<ItemCorrected>),
}

impl DishFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Added(_) => Traits::of("item_added").drops(Marks::KeepAuthors),
            Self::Restored(_) => Traits::of("item_restored").drops(Marks::KeepAuthors),
            Self::Removed { .. } => Traits::of("item_removed").drops(Marks::KeepAuthors),
            Self::QuantityUpdated { .. } => Traits::of("quantity_updated").drops(Marks::KeepAuthors),
            Self::Edited { .. } => Traits::of("item_edited").drops(Marks::KeepAuthors),
            Self::AllAdded(_) => Traits::of("items_added").drops(Marks::KeepAuthors),
            Self::AllRestored(_) => Traits::of("items_restored").drops(Marks::KeepAuthors),
            Self::AllRemoved { .. } => Traits::of("items_removed").drops(Marks::KeepAuthors),
            Self::Corrected(_) => Traits::of("item_corrected").drops(Marks::KeepAuthors),
        }
    }
}

/// A dish was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAdded {
    /// The line's id.
    pub item: ItemId,
    /// The dish's name.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub price: Price,
    /// How the guest wants it made, such as `Extra spicy`.
    pub customization: Option<Text>,
    /// Who shares it, with which weights. Empty: unassigned.
    pub shared_by: Vec<(ParticipantId, Weight)>,
}

/// A removed dish was restored at the end of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRestored {
    /// The dish as it was.
    pub added: ItemAdded,
    /// Who had added it.
    pub added_by: ParticipantId,
    /// When they had added it.
    pub added_at: UnixMillis,
    /// The order's charges, if removing the dish had ended a discount on it.
    pub charges: Option<ChargesSet>,
}

/// A dish never came, or was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemCorrected {
    /// The line's id.
    pub item: ItemId,
    /// The number of pieces that came; `None`: none, and the line is taken off.
    pub quantity: Option<Quantity>,
    /// Why it was taken off.
    pub reason: Text,
    /// The rule by which the bill is shared from now on, where agreed amounts no longer fit its total.
    pub split: Option<SplitRule>,
}
