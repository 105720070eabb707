//! Corrections in the document, and which revision of the bill it has.

use super::lists::{id_or_null, list, pairs};
use crate::wire::write::Writer;
use crate::{Correction, Order};

pub(in crate::wire::v2) fn corrections(json: &mut Writer, order: &Order) {
    list(json, "corrections", order.corrections().iter(), |json, made| correction(json, order, made));
}

pub(in crate::wire::v2) fn correction(json: &mut Writer, order: &Order, correction: &Correction) {
    json.begin_object();
    json.key("id");
    json.string(&correction.seq().to_string());
    json.string_field("itemId", correction.item().as_str());
    json.string_field("dishName", correction.dish_name().as_str());
    json.amount_field("price", correction.price().amount(), order.currency());
    json.whole_field("quantity", correction.pieces_before());
    json.whole_field("to", correction.pieces_after());
    let claims = order.shared_before(correction).map(|(person, weight)| (person.id(), weight));
    pairs(json, "sharedBy", claims, |json, weight| json.literal(weight.to_decimal()));
    json.string_field("reason", correction.reason().as_str());
    json.whole_field("at", correction.at().get());
    id_or_null(json, "by", order.corrected_by(correction));
    json.end_object();
}

pub(in crate::wire::v2) fn revision(json: &mut Writer, order: &Order) {
    json.whole_field("revision", order.revision());
}
