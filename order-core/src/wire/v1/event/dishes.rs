//! Messages about dishes.

use crate::ItemId;
use crate::fact::DishFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &DishFact) -> Frame {
    match fact {
        DishFact::Added(added) => item_added(message, &added.item),
        // The first protocol has no message for it: to its clients, the dish is ordered.
        DishFact::Restored(restored) => item_added(message, &restored.added.item),
        DishFact::Removed { item } => {
            message.with("item_removed", |writer| writer.json.string_field("itemId", item.as_str()))
        }
        DishFact::QuantityUpdated { item, quantity } => message.with("quantity_updated", |writer| {
            writer.json.string_field("itemId", item.as_str());
            writer.json.whole_field("quantity", quantity.pieces());
        }),
    }
}

fn item_added(message: FactMessage<'_>, item: &ItemId) -> Frame {
    message.with("item_added", |writer| {
        if let Some(item) = message.order.item(item) {
            writer.json.key("item");
            writer.item(message.order, item);
        }
    })
}
