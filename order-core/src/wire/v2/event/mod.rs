//! One fact as one small message, to be folded into the state document.

mod changes;
mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod table;

use self::changes::Changes;
use super::state;
use crate::fact::{ChargeFact, ClaimFact, DishFact, Fact, PaymentFact, PeopleFact, Recorded, TableFact};
use crate::wire::write::Writer;
use crate::{Actor, Order};

/// Most events are smaller, in bytes.
const EVENT_BYTES: usize = 360;

/// The event that tells of `recorded`. `order` is the order with that fact committed, and `cursor` what a client remembers to
/// go on from there.
pub fn event(order: &Order, recorded: &Recorded, cursor: &str) -> String {
    let mut json = Writer::with_capacity(EVENT_BYTES);
    json.begin_object();
    json.string_field("type", "event");
    json.string_field("event", name(&recorded.fact));
    json.whole_field("seq", recorded.seq);
    json.string_field("cursor", cursor);
    json.whole_field("at", recorded.at.get());
    json.key("by");
    match recorded.by.id() {
        Some(id) => json.string(id.as_str()),
        None => json.literal("null"),
    }
    if recorded.by == Actor::Clock {
        json.literal_field("automatic", true);
    }
    let mut changes = Changes::new(&mut json, order, recorded);
    match &recorded.fact {
        Fact::People(fact) => people::write(&mut changes, fact),
        Fact::Dish(fact) => dishes::write(&mut changes, fact),
        Fact::Claim(fact) => claims::write(&mut changes, fact),
        Fact::Split(_) => changes.set(state::split),
        Fact::Charge(fact) => charges::write(&mut changes, fact),
        Fact::Payment(fact) => payments::write(&mut changes, fact),
        Fact::Table(fact) => table::write(&mut changes, fact),
    }
    json.end_object();
    json.into_text()
}

/// The event's name in the protocol.
pub(crate) fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::People(PeopleFact::Joined(_)) => "participant_joined",
        Fact::People(PeopleFact::Left { .. }) => "participant_left",
        Fact::Dish(DishFact::Added(_)) => "item_added",
        Fact::Dish(DishFact::Restored(_)) => "item_restored",
        Fact::Dish(DishFact::Removed { .. }) => "item_removed",
        Fact::Dish(DishFact::QuantityUpdated { .. }) => "quantity_updated",
        Fact::Claim(ClaimFact::Shared { .. }) => "item_shared",
        Fact::Charge(ChargeFact::Set(_)) => "charges_updated",
        Fact::Charge(ChargeFact::TipSet { .. }) => "tip_updated",
        Fact::Charge(ChargeFact::ServiceWaived { .. }) => "service_waived",
        Fact::Split(_) => "split_updated",
        Fact::Payment(PaymentFact::Recorded(_)) => "payment_recorded",
        Fact::Payment(PaymentFact::Updated { .. }) => "payment_updated",
        Fact::Payment(PaymentFact::Refunded { .. }) => "payment_refunded",
        Fact::Table(TableFact::RulesSet(_)) => "rules_updated",
        Fact::Table(TableFact::LockSet { locked: true }) => "order_locked",
        Fact::Table(TableFact::LockSet { locked: false }) => "order_unlocked",
        Fact::Table(TableFact::LimitSet { .. }) => "limit_updated",
        Fact::People(PeopleFact::ReadySet { .. }) => "ready_updated",
        Fact::People(PeopleFact::HandedOver { .. }) => "owner_changed",
        Fact::People(PeopleFact::Removed(_)) => "participant_removed",
        Fact::People(PeopleFact::Readmitted { .. }) => "participant_readmitted",
        Fact::Table(TableFact::DeadlineSet(_)) => "deadline_updated",
        Fact::Table(TableFact::Reminded { .. }) => "deadline_reminder",
        Fact::Table(TableFact::Expired) => "order_expired",
        Fact::Table(TableFact::Archived) => "order_archived",
        Fact::Table(TableFact::Finalized { .. }) => "order_finalized",
    }
}
