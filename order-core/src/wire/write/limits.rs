//! Writing spending limits.

use super::Writer;
use crate::{Amount, Currency, LimitOn, Order, ParticipantId};

/// Writes a limit that was set or removed. `person` writes whose limit it is, if it is of one person.
pub(in crate::wire) fn set(
    json: &mut Writer,
    on: &LimitOn,
    limit: Option<Amount>,
    currency: Currency,
    person: impl FnOnce(&mut Writer, &ParticipantId),
) {
    match on {
        LimitOn::Person(who) => person(json, who),
        LimitOn::Each => json.string_field("for", "each"),
        LimitOn::Table => json.string_field("for", "table"),
    }
    json.key("limit");
    match limit {
        Some(limit) => json.amount(limit, currency),
        None => json.literal("null"),
    }
}

/// Writes the limits of an order that are not of one person, where they are set.
pub(in crate::wire) fn of_several(json: &mut Writer, order: &Order) {
    if let Some(limit) = order.limit_each() {
        json.amount_field("limitEach", limit, order.currency());
    }
    if let Some(limit) = order.limit_table() {
        json.amount_field("limitTable", limit, order.currency());
    }
}
