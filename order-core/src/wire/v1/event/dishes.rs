//! Messages about dishes.

use crate::ItemId;
use crate::fact::DishFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;
use crate::wire::v1::presence::sync;

pub(super) fn message(message: FactMessage<'_>, fact: &DishFact) -> Frame {
    match fact {
        DishFact::Added(added) => about_item(message, "item_added", &added.item),
        // The first protocol has no message for it: to its clients, the dish is ordered.
        DishFact::Restored(restored) => about_item(message, "item_added", &restored.added.item),
        DishFact::Removed { item } => removed(message, item),
        DishFact::QuantityUpdated { item, quantity } => message.with("quantity_updated", |writer| {
            writer.json.string_field("itemId", item.as_str());
            writer.json.whole_field("quantity", quantity.pieces());
        }),
        DishFact::Edited { item, .. } => about_item(message, "item_edited", item),
        // Of several dishes, this is the message about the last.
        DishFact::AllAdded(added) => {
            last(message, added.last(), |message, added| about_item(message, "item_added", &added.item))
        }
        DishFact::AllRestored(restored) => last(message, restored.last(), |message, restored| {
            about_item(message, "item_added", &restored.added.item)
        }),
        DishFact::AllRemoved { items } => last(message, items.last(), removed),
        // To clients that know no correction, the dish is removed or there is less of it. They see the bill that follows.
        DishFact::Corrected(corrected) => match corrected.quantity {
            None => message.with("item_removed", |writer| {
                writer.json.string_field("itemId", corrected.item.as_str());
                writer.json.string_field("reason", corrected.reason.as_str());
            }),
            Some(quantity) => message.with("quantity_updated", |writer| {
                writer.json.string_field("itemId", corrected.item.as_str());
                writer.json.whole_field("quantity", quantity.pieces());
                writer.json.string_field("reason", corrected.reason.as_str());
            }),
        },
    }
}

/// The messages about all but the last of several dishes: the first protocol has messages about one.
pub(super) fn of_dishes_before(message: FactMessage<'_>, fact: &DishFact) -> Vec<Frame> {
    match fact {
        DishFact::AllAdded(added) => {
            but_last(added).map(|added| about_item(message, "item_added", &added.item)).collect()
        }
        DishFact::AllRestored(restored) => but_last(restored)
            .map(|restored| about_item(message, "item_added", &restored.added.item))
            .collect(),
        DishFact::AllRemoved { items } => but_last(items).map(|item| removed(message, item)).collect(),
        DishFact::Added(_)
        | DishFact::Restored(_)
        | DishFact::Removed { .. }
        | DishFact::QuantityUpdated { .. }
        | DishFact::Edited { .. }
        | DishFact::Corrected(_) => Vec::new(),
    }
}

/// How many messages the fact has.
pub(super) fn count(fact: &DishFact) -> usize {
    match fact {
        DishFact::AllAdded(added) => added.len(),
        DishFact::AllRestored(restored) => restored.len(),
        DishFact::AllRemoved { items } => items.len(),
        DishFact::Added(_)
        | DishFact::Restored(_)
        | DishFact::Removed { .. }
        | DishFact::QuantityUpdated { .. }
        | DishFact::Edited { .. }
        | DishFact::Corrected(_) => 1,
    }
}

fn but_last<T>(list: &[T]) -> impl Iterator<Item = &T> {
    list.split_last().map(|(_, others)| others).unwrap_or_default().iter()
}

/// The message about the last of several dishes. A fact about several has at least two.
fn last<'a, T>(
    message: FactMessage<'a>,
    last: Option<&T>,
    about: impl FnOnce(FactMessage<'a>, &T) -> Frame,
) -> Frame {
    match last {
        Some(last) => about(message, last),
        None => sync(message.order, message.presence, message.recorded.at),
    }
}

fn removed(message: FactMessage<'_>, item: &ItemId) -> Frame {
    message.with("item_removed", |writer| writer.json.string_field("itemId", item.as_str()))
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
