//! Charges and tips in the document.

use super::lists::list;
use crate::bill::ChargeValue;
use crate::wire::write::{Writer, charge};
use crate::{Order, Participant};

pub(in crate::wire::v2) fn charges(json: &mut Writer, order: &Order) {
    charge_list(json, order);
    json.key("roundTo");
    match order.round_to() {
        Some(coin) => json.amount(coin, order.currency()),
        None => json.literal("null"),
    }
}

/// Writes the charges alone, which may have changed because a dish with a discount was removed.
pub(in crate::wire::v2) fn charge_list(json: &mut Writer, order: &Order) {
    list(json, "charges", order.charges().iter(), |json, charge| {
        charge::write(json, charge, order.currency());
    });
}

pub(in crate::wire::v2) fn tips(json: &mut Writer, order: &Order) {
    list(json, "tips", order.tips(), |json, (person, tip): (&Participant, ChargeValue)| {
        json.begin_object();
        json.string_field("id", person.id().as_str());
        charge::write_value(json, tip, order.currency());
        json.end_object();
    });
}

pub(in crate::wire::v2) fn without_service(json: &mut Writer, order: &Order) {
    list(json, "withoutService", order.without_service(), |json, person| json.string(person.id().as_str()));
}
