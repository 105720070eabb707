//! Messages about dishes.

use crate::ItemId;
use crate::fact::DishFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &DishFact) -> Frame {
    match fact {
        DishFact::Added(added) => about_item(message, "item_added", &added.item),
        // The first protocol has no message for it: to its clients, the dish is ordered.
        DishFact::Restored(restored) => about_item(message, "item_added", &restored.added.item),
        DishFact::Removed { item } => {
            message.with("item_removed", |writer| writer.json.string_field("itemId", item.as_str()))
        }
        DishFact::QuantityUpdated { item, quantity } => message.with("quantity_updated", |writer| {
            writer.json.string_field("itemId", item.as_str());
            writer.json.whole_field("quantity", quantity.pieces());
        }),
        DishFact::Edited { item, .. } => about_item(message, "item_edited", item),
    }
}

/// A message with the dish as it is now.
fn about_item(message: FactMessage<'_>, kind: &'static str, item: &ItemId) -> Frame {
    message.with(kind, |writer| {
        if let Some(item) = message.order.item(item) {
            writer.json.key("item");
            writer.item(message.order, item);
        }
    })
}
