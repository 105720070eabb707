//! Items: the lines of an order.

use std::sync::Arc;

use crate::divide::Weight;
use crate::order::cached::Cached;
use crate::order::people::Seat;
use crate::value::text::Text;
use crate::wire::ItemText;
use crate::{Amount, ItemId, Price, Quantity, UnixMillis};

/// One line of an order: a dish, its quantity, and who ordered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub(crate) id: ItemId,
    pub(crate) dish_name: Text,
    pub(crate) dish_type: Text,
    pub(crate) quantity: Quantity,
    pub(crate) price: Price,
    pub(crate) total: Amount,
    pub(crate) customization: Option<Text>,
    pub(crate) added_by: Seat,
    /// Who claims it, with which weights, in seat order. Empty: unassigned.
    pub(crate) claims: Vec<(Seat, Weight)>,
    pub(crate) added_at: UnixMillis,
    /// Its cached text in full states.
    pub(crate) written: Cached<ItemText>,
}

impl Item {
    /// Returns the item for changing: copies it if it is shared, and drops its cached text.
    pub(crate) fn change(item: &mut Arc<Self>) -> &mut Self {
        let item = Arc::make_mut(item);
        item.written = Cached::default();
        item
    }

    /// The line's id.
    pub fn id(&self) -> &ItemId {
        &self.id
    }

    /// The dish's name.
    pub fn dish_name(&self) -> &Text {
        &self.dish_name
    }

    /// The kind of dish, such as `veg`; empty when the client gave none.
    pub fn dish_type(&self) -> &Text {
        &self.dish_type
    }

    /// The number of pieces.
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// The price of one piece.
    pub fn price(&self) -> Price {
        self.price
    }

    /// The price of all pieces.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// How the guest wants it made, such as `Extra spicy`.
    pub fn customization(&self) -> Option<&Text> {
        self.customization.as_ref()
    }

    /// The size of its texts, in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        text_bytes(&self.dish_name, &self.dish_type, self.customization.as_ref())
    }

    /// When it was added.
    pub fn added_at(&self) -> UnixMillis {
        self.added_at
    }
}

/// The size of a line's texts, in bytes.
pub(crate) fn text_bytes(dish_name: &Text, dish_type: &Text, customization: Option<&Text>) -> usize {
    let bytes = |text: &Text| text.as_str().len();
    bytes(dish_name).saturating_add(bytes(dish_type)).saturating_add(customization.map_or(0, bytes))
}

/// A customization as people see it: an empty text is none.
pub(crate) fn shown_customization(customization: Option<&Text>) -> Option<&Text> {
    customization.filter(|text| !text.as_str().is_empty())
}
