//! One shared restaurant order as a pure state machine, and its bill split to the last paisa.
//!
//! A group opens one order on their own phones and adds dishes; the bill is shared equally, by
//! dish, or as agreed. This crate is the order itself: no I/O, no clock, no randomness and no
//! floats, so the same facts always give the same order, byte for byte.
//!
//! * [`decide`] judges a [`Command`]: it returns the fact to record, or a rejection. It changes
//!   nothing.
//! * [`commit`] applies a [`Recorded`] fact to an order. Store the fact before you commit it.
//! * [`decide_once`] makes a command with an id idempotent: sent again, it still counts once.
//! * [`Order::alarm`] says when an order next changes automatically, and [`due`] returns that
//!   change: a deadline, its reminders, or the end of an idle order.
//! * [`replay`] rebuilds an order from its [`stored`] facts.
//! * [`split::shares`] computes who pays what; [`split::apportion`] divides an amount by
//!   weights.
//! * [`wire`] reads and writes the protocol's JSON.
//!
//! No client input makes this crate panic.
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
pub mod transfer;
mod value;
pub mod wire;

pub use alarm::{Lifetimes, deadline_due, due, end_of_life};
pub use command::{Actor, Command};
pub use commit::{CommitError, commit, replay};
pub use decide::{Decision, OrderBounds, decide, decide_once, done_before};
pub use fact::{Fact, Recorded};
pub use order::{
    Correction, Item, LimitOn, MAX_ADDED_EACH, MAX_CLAIMS, MAX_COMMANDS, MAX_COMMANDS_EACH,
    MAX_CORRECTED_CLAIMS, MAX_CORRECTIONS, MAX_ITEMS, MAX_ITEMS_AT_ONCE, MAX_PARTICIPANTS, MAX_TEXT_BYTES,
    Markers, Order, Participant, Policy, Presence, RESERVED_COMMANDS, Role, Stamp, Status, TableRules,
    deadline,
};
pub use rejection::{Code, Limit, Rejection};
pub use value::{
    Amount, AmountError, CommandId, Currency, CurrencyError, IdError, ItemId, MAX_COMMAND_ID_BYTES,
    MAX_ID_BYTES, MAX_ITEM_ID_BYTES, MAX_MINOR_DIGITS, MAX_QUANTITY, OrderId, ParticipantId, PaymentId,
    Price, Quantity, QuantityError, TransferId, UnixMillis, max_order_total, number, text,
};
