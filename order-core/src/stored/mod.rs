//! The stored form of facts and orders, as logs and snapshots keep them.
//!
//! It is JSON of its own, apart from the protocol: amounts are whole minor units, and every
//! document names the version it was written in. A document of an earlier version is upcast to
//! the current one, one version at a time, before it is read; one of a later version is
//! refused.
//!
//! Stored data is accepted as it is, even where today's rules for clients are stricter, so an
//! old log always replays to the same order.

mod charges;
mod claims;
mod dishes;
mod fact;
mod order;
mod payments;
mod people;
mod revised;
mod split;
mod table;
mod transfers;
mod value;
mod version;

pub use fact::{decode_fact, encode_fact};
pub use order::{
    LogPosition, decode_order, decode_snapshot, decode_without_commands, encode_order, encode_snapshot,
};
pub use version::StoredError;
