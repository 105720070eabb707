//! An order's history: who did what and when, for people to read.

mod charges;
mod claims;
mod dishes;
mod page;
mod payments;
mod people;
mod table;
mod transfers;

pub use page::{HistoryPage, MAX_HISTORY_PAGE, history_document};
pub(super) use page::{room_for, write_page};

use crate::fact::{Fact, Joined, PeopleFact, Recorded};
use crate::wire::write::Writer;
use crate::{Actor, Order};

/// Writes the history entry of `recorded` as JSON. `before` is the order without that fact: names and dishes are as they were
/// then. No phone number is in it.
pub fn history_entry(before: &Order, recorded: &Recorded) -> String {
    let mut json = Writer::with_capacity(256);
    json.begin_object();
    json.whole_field("seq", recorded.seq);
    json.whole_field("at", recorded.at.get());
    let by = recorded.by.id();
    json.key("by");
    match by {
        Some(id) => json.string(id.as_str()),
        None => json.literal("null"),
    }
    let name = match (&recorded.fact, by) {
        (Fact::People(PeopleFact::Joined(Joined { name, .. })), _) => name.as_str(),
        (_, Some(id)) => before.person(id).map_or("", |person| person.name().as_str()),
        (_, None) => "",
    };
    json.string_field("byName", name);
    if recorded.by == Actor::Clock {
        json.literal_field("automatic", true);
    }
    json.string_field("event", recorded.fact.traits().event);
    match &recorded.fact {
        Fact::People(fact) => people::details(&mut json, before, fact),
        Fact::Dish(fact) => dishes::details(&mut json, before, fact),
        Fact::Claim(fact) => claims::details(&mut json, before, fact),
        Fact::Split(rule) => json.string_field("splitMode", rule.mode()),
        Fact::Charge(fact) => charges::details(&mut json, before, fact),
        Fact::Payment(fact) => payments::details(&mut json, before, fact),
        Fact::Transfer(fact) => transfers::details(&mut json, before, fact),
        Fact::Table(fact) => table::details(&mut json, before, fact, recorded.at),
    }
    json.end_object();
    json.into_text()
}
