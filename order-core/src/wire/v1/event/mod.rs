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
use crate::fact::{Fact, Recorded};
use crate::wire::frame::Frame;
use crate::{Order, Presence};

/// Writes the message that tells everybody at the table of `recorded`. `order` is the order with that fact committed.
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
