//! Whole bills: made from choices, priced again by an oracle with exact fractions, and held against the laws.
//!
//! The tests, the long run (`cargo tool bills`) and the fuzz target share this. Nothing in it calls the library but for
//! [`divide`](order_core::bill::divide) and [`invoice`](order_core::bill::invoice) themselves and the types of a bill, so that a mistake in the library is not made here as well.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several programs, each of which uses its own part of it"
)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

pub mod choices;
pub mod exact;
pub mod laws;
pub mod making;
pub mod oracle;
pub mod rounding;
