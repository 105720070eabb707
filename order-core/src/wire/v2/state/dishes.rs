//! Dishes in the document.

use super::lists::{list, pairs};
use crate::split::Weight;
use crate::wire::write::Writer;
use crate::{Item, Order, Participant, ParticipantId};

pub(in crate::wire::v2) fn total(json: &mut Writer, order: &Order) {
    json.amount_field("total", order.total(), order.currency());
}

pub(in crate::wire::v2) fn items(json: &mut Writer, order: &Order) {
    list(json, "items", order.items(), |json, item| self::item(json, order, item));
}

pub(in crate::wire::v2) fn item(json: &mut Writer, order: &Order, item: &Item) {
    json.begin_object();
    json.string_field("id", item.id().as_str());
    json.string_field("dishName", item.dish_name().as_str());
    json.string_field("dishType", item.dish_type().as_str());
    json.whole_field("quantity", item.quantity().pieces());
    json.amount_field("price", item.price().amount(), order.currency());
    if let Some(customization) = item.customization() {
        json.string_field("customization", customization.as_str());
    }
    let added_by = order.added_by(item).map(Participant::id);
    json.string_field("addedBy", added_by.map_or("", ParticipantId::as_str));
    let claims = || order.shared_by(item).map(|(person, weight)| (person.id(), weight));
    if !claims().eq(added_by.map(|id| (id, Weight::ONE))) {
        pairs(json, "sharedBy", claims(), |json, weight| json.literal(weight.to_decimal()));
    }
    json.end_object();
}
