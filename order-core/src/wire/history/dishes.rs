//! The details of an entry about a dish.

use crate::fact::{DishFact, ItemAdded};
use crate::order::item::shown_customization;
use crate::value::text::Text;
use crate::wire::write::Writer;
use crate::{Currency, Item, ItemId, Order, Quantity};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &DishFact) {
    match fact {
        DishFact::Added(added) => self::added(json, added, before.currency()),
        DishFact::Restored(restored) => self::added(json, &restored.added, before.currency()),
        DishFact::Removed { item } => dish(json, before, item),
        DishFact::QuantityUpdated { item, quantity } => {
            dish(json, before, item);
            json.whole_field("to", quantity.pieces());
        }
        DishFact::Edited { item, dish_name, customization } => {
            dish(json, before, item);
            edited(json, before.item(item), dish_name, customization.as_ref());
        }
        DishFact::AllAdded(added) => several(json, added.iter(), before.currency()),
        DishFact::AllRestored(restored) => {
            several(json, restored.iter().map(|restored| &restored.added), before.currency());
        }
        DishFact::AllRemoved { items } => {
            json.key("items");
            json.begin_list();
            for item in items {
                json.begin_object();
                dish(json, before, item);
                json.end_object();
            }
            json.end_list();
        }
        DishFact::Corrected(corrected) => {
            dish(json, before, &corrected.item);
            json.whole_field("to", corrected.quantity.map_or(0, Quantity::pieces));
            json.string_field("reason", corrected.reason.as_str());
        }
    }
}

fn added(json: &mut Writer, added: &ItemAdded, currency: Currency) {
    json.string_field("itemId", added.item.as_str());
    json.string_field("dishName", added.dish_name.as_str());
    json.whole_field("quantity", added.quantity.pieces());
    json.amount_field("price", added.price.amount(), currency);
}

fn several<'a>(json: &mut Writer, dishes: impl Iterator<Item = &'a ItemAdded>, currency: Currency) {
    json.key("items");
    json.begin_list();
    for dish in dishes {
        json.begin_object();
        added(json, dish, currency);
        json.end_object();
    }
    json.end_list();
}

/// Writes a dish as it was before.
pub(super) fn dish(json: &mut Writer, before: &Order, id: &ItemId) {
    json.string_field("itemId", id.as_str());
    if let Some(item) = before.item(id) {
        json.string_field("dishName", item.dish_name().as_str());
        json.whole_field("quantity", item.quantity().pieces());
    }
}

/// Writes which texts of a dish changed, and to what. An empty customization is none.
fn edited(json: &mut Writer, before: Option<&Item>, dish_name: &Text, customization: Option<&Text>) {
    if before.is_none_or(|item| item.dish_name() != dish_name) {
        json.string_field("newDishName", dish_name.as_str());
    }
    let customization = shown_customization(customization);
    if before.is_none_or(|item| shown_customization(item.customization()) != customization) {
        json.key("newCustomization");
        match customization {
            Some(text) => json.string(text.as_str()),
            None => json.literal("null"),
        }
    }
}
