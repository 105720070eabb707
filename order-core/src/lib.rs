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
mod amount;
pub mod bill;
mod bounds;
pub mod command;
mod commit;
mod currency;
pub mod deadline;
mod decide;
mod done;
pub mod fact;
mod ids;
mod item;
mod items;
mod kept;
pub mod number;
mod order;
mod participant;
pub mod payment;
mod presence;
mod quantity;
mod rejection;
mod rules;
pub mod split;
pub mod stored;
pub mod text;
mod time;
mod undo;
pub mod wire;

pub use alarm::{Lifetimes, deadline_due, due, end_of_life};
pub use amount::{Amount, AmountError, Price, max_order_total};
pub use bounds::OrderBounds;
pub use command::{Actor, Command};
pub use commit::{CommitError, commit, replay};
pub use currency::{Currency, CurrencyError, MAX_MINOR_DIGITS};
pub use decide::{Decision, decide, decide_once, done_before};
pub use done::{MAX_COMMANDS, MAX_COMMANDS_EACH, RESERVED_COMMANDS, Stamp};
pub use fact::{Fact, Recorded};
pub use ids::{
    CommandId, IdError, ItemId, MAX_COMMAND_ID_BYTES, MAX_ID_BYTES, MAX_ITEM_ID_BYTES, OrderId,
    ParticipantId, PaymentId,
};
pub use item::Item;
pub use order::{MAX_CLAIMS, MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, Order, Status};
pub use participant::{Participant, Role};
pub use presence::{Markers, Presence};
pub use quantity::{MAX_QUANTITY, Quantity, QuantityError};
pub use rejection::{Code, Limit, Rejection};
pub use rules::{HouseRules, Policy};
pub use time::UnixMillis;
