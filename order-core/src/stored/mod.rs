//! The stored form of facts and orders: what a log keeps, for as long as an order is worth keeping.
//!
//! It is JSON of its own, apart from the protocol: amounts are whole minor units, and every document names
//! the version that it was written in. A document of an earlier version is brought up to the current one, one
//! version at a time, before it is read; one of a later version is refused.
//!
//! What was stored is taken as it is, even where today's rules for clients are stricter: an old log gives the
//! same order for ever.

mod charges;
mod claims;
mod dishes;
mod fact;
mod order;
mod payments;
mod people;
mod split;
mod table;
mod value;
mod version;

pub use fact::{decode_fact, encode_fact};
pub use order::{
    LogPosition, decode_order, decode_snapshot, decode_without_commands, encode_order, encode_snapshot,
};
pub use version::StoredError;
