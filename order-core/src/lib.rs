//! One shared restaurant order as a pure state machine, and its bill split to the last paisa.
//!
//! A group opens one order on their own phones; each adds dishes; the bill is shared equally, by who ordered
//! what, or as agreed. This crate is the order itself. It does no I/O, has no clock and no randomness, and
//! touches no float: the same facts always give the same order, byte for byte.
//!
//! * [`decide`] says what would happen if somebody gave a [`Command`], or why it is refused. It changes nothing.
//! * [`commit`] makes the [`Recorded`] fact so. Between the two, store it.
//! * [`decide_once`] does so for a command with an id of its own, which counts once however often it is sent.
//! * [`Order::alarm`] says when something happens to an order by itself, and [`due`] what: a deadline, its reminders, the end of
//!   an order that nobody touches any more.
//! * [`replay`] gives the order back from its stored facts ([`stored`]).
//! * [`split::shares`] says who pays what; [`split::apportion`] divides any amount by weights.
//! * [`wire`] reads and writes the protocol's JSON.
//!
//! Nothing in this crate panics, whatever a client sent.
//!
//! ```
//! use order_core::split::shares;
//! use order_core::{Actor, Currency, Decision, ItemId, Order, OrderId, UnixMillis, commit, decide, wire};
//!
//! let mut order = Order::new(OrderId::new("table-7")?, Currency::default());
//! for text in [
//!     r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#,
//!     r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{}}"#,
//!     r#"{"type":"add_item","participantId":"ben","data":{"dishName":"Thali","price":99.99,"quantity":1}}"#,
//! ] {
//!     let message = wire::decode_command(text, || ItemId::new("item-1").unwrap()).unwrap();
//!     let actor = Actor::participant(message.participant.unwrap());
//!     if let Decision::Record(fact) = decide(&order, UnixMillis::new(0), &actor, &message.command)? {
//!         commit(&mut order, &fact)?; // store the fact first
//!     }
//! }
//! let amounts: Vec<_> = shares(&order).list().iter().map(|share| share.amount().minor_units()).collect();
//! assert_eq!(amounts.iter().sum::<i64>(), 9_999); // 50.00 and 49.99: nothing lost, nothing invented
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::disallowed_types)]

mod alarm;
pub mod bill;
pub mod command;
mod commit;
mod decide;
mod divide;
pub mod fact;
mod order;
pub mod payment;
mod rejection;
pub mod split;
pub mod stored;
mod value;
pub mod wire;

pub use alarm::{Lifetimes, deadline_due, due, end_of_life};
pub use command::{Actor, Command};
pub use commit::{CommitError, commit, replay};
pub use decide::{Decision, OrderBounds, decide, decide_once, done_before};
pub use fact::{Fact, Recorded};
pub use order::{
    HouseRules, Item, MAX_CLAIMS, MAX_COMMANDS, MAX_COMMANDS_EACH, MAX_ITEMS, MAX_PARTICIPANTS,
    MAX_TEXT_BYTES, Markers, Order, Participant, Policy, Presence, RESERVED_COMMANDS, Role, Stamp, Status,
    deadline,
};
pub use rejection::{Code, Limit, Rejection};
pub use value::{
    Amount, AmountError, CommandId, Currency, CurrencyError, IdError, ItemId, MAX_COMMAND_ID_BYTES,
    MAX_ID_BYTES, MAX_ITEM_ID_BYTES, MAX_MINOR_DIGITS, MAX_QUANTITY, OrderId, ParticipantId, PaymentId,
    Price, Quantity, QuantityError, UnixMillis, max_order_total, number, text,
};
