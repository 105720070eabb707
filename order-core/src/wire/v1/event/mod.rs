//! The message that tells everybody at the table of a fact.

mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod split;
mod table;
mod transfers;

pub use people::joined;

use super::message::FactMessage;
use super::presence::sync;
use crate::fact::{Fact, Recorded};
use crate::wire::frame::Frame;
use crate::{Order, Presence};

/// The most bytes that the messages about one fact may have together. If there are more, one `sync` takes their place.
const MAX_BYTES_OF_SEVERAL: usize = 1024 * 1024;

/// Writes the messages that tell everybody at the table of `recorded`, in their order: one, except that a fact about
/// several dishes has one for each dish. The last is [`fact_message`]. Each shows the order with all of the fact
/// committed. Where they would have more than a mebibyte together, there is one `sync` instead.
pub fn fact_messages(order: &Order, presence: &Presence, recorded: &Recorded) -> Vec<Frame> {
    let last = fact_message(order, presence, recorded);
    let Fact::Dish(fact) = &recorded.fact else { return vec![last] };
    let count = dishes::count(fact);
    if count == 1 {
        return vec![last];
    }
    if last.len().saturating_mul(count) > MAX_BYTES_OF_SEVERAL {
        return vec![sync(order, presence, recorded.at)];
    }
    let mut messages = dishes::of_dishes_before(FactMessage { order, presence, recorded }, fact);
    messages.push(last);
    messages
}

/// Writes the message that tells everybody at the table of `recorded`; of a fact about several dishes, the one about the
/// last of them. `order` is the order with that fact committed.
pub fn fact_message(order: &Order, presence: &Presence, recorded: &Recorded) -> Frame {
    let message = FactMessage { order, presence, recorded };
    match &recorded.fact {
        Fact::People(fact) => people::message(message, fact),
        Fact::Dish(fact) => dishes::message(message, fact),
        Fact::Claim(fact) => claims::message(message, fact),
        Fact::Split(rule) => split::message(message, rule),
        Fact::Charge(fact) => charges::message(message, fact),
        Fact::Payment(fact) => payments::message(message, fact),
        Fact::Transfer(fact) => transfers::message(message, fact),
        Fact::Table(fact) => table::message(message, fact),
    }
}
