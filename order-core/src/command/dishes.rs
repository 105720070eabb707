//! Commands about dishes.

use rust_decimal::Decimal;

use super::SharedBy;
use crate::ItemId;
use crate::value::text::Text;

/// A command about a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DishCommand {
    /// Order a dish.
    Add(AddItem),
    /// Take a line off the order.
    Remove {
        /// Which line.
        item: ItemId,
    },
    /// Order more or fewer of a line; 0 takes it off.
    UpdateQuantity {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Decimal,
    },
}

/// A dish to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddItem {
    /// The line's id: the client's, or an unguessable one that the host made.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Decimal,
    /// The price of one piece, in whole units of the order's currency.
    pub price: Decimal,
    /// How it is to be made.
    pub customization: Option<Text>,
    /// Whose it is; the one's who orders it where nothing else is said.
    pub shared_by: Option<SharedBy>,
}
