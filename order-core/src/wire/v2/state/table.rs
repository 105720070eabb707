//! What holds for the table as a whole, in the document.

use super::lists::{id_or_null, list, pairs, text_or_null};
use crate::Order;
use crate::bill::OddUnits;
use crate::wire::write::{Writer, deadline, limits};

/// Writes where the order comes from, as set by joins.
pub(in crate::wire::v2) fn origin(json: &mut Writer, order: &Order) {
    json.string_field("currency", order.currency().code());
    text_or_null(json, "circleId", order.circle_id());
    text_or_null(json, "tenantId", order.tenant_id());
    id_or_null(json, "initiatedBy", order.initiated_by());
    json.whole_field("createdAt", order.created_at().get());
}

/// Writes the rules, who is ready and who was removed. Nothing, while neither they nor any field after them is there.
pub(in crate::wire::v2) fn rules(json: &mut Writer, order: &Order) {
    if order.table.is_none() && !order.has_later_fields() {
        return;
    }
    let house = order.table_rules();
    json.key("rules");
    json.begin_object();
    json.string_field("policy", house.policy.as_str());
    json.literal_field("finalizeWhenReady", house.finalize_when_ready);
    json.literal_field("locked", order.is_locked());
    let of_people = order.limits().map(|(person, limit)| (person.id(), limit));
    pairs(json, "limits", of_people, |json, limit| json.amount(limit, order.currency()));
    limits::of_several(json, order);
    list(json, "ready", order.ready(), |json, person| json.string(person.id().as_str()));
    list(json, "removed", order.removed(), |json, person| json.string(person.id().as_str()));
    if order.deadline().is_some() {
        deadline::write(json, order.deadline());
    }
    if let Some(coin) = order.round_shares_to() {
        json.amount_field("roundSharesTo", coin, order.currency());
    }
    if order.odd_units() != OddUnits::default() {
        json.string_field("rounding", order.odd_units().as_str());
    }
    json.end_object();
}
