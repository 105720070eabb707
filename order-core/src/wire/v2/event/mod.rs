//! Events: one fact as one small message, to be folded into the state document.

mod changes;
mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod table;
mod transfers;

use self::changes::Changes;
use super::state;
use crate::fact::{Fact, Recorded};
use crate::wire::write::Writer;
use crate::{Actor, Order};

/// The size to reserve for an event, in bytes: most are smaller.
const EVENT_BYTES: usize = 360;

/// Encodes the event of `recorded`. `order` is the order after that fact; `cursor` is where a
/// client can resume after it.
pub fn event(order: &Order, recorded: &Recorded, cursor: &str) -> String {
    let mut json = Writer::with_capacity(EVENT_BYTES);
    json.begin_object();
    json.string_field("type", "event");
    json.string_field("event", recorded.fact.traits().event);
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
        Fact::Transfer(fact) => transfers::write(&mut changes, fact),
        Fact::Table(fact) => table::write(&mut changes, fact),
    }
    json.end_object();
    json.into_text()
}
