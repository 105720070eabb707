//! Payments: who may record them, whose shares they pay, what is refused, and what is given back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../json/mod.rs"]
mod json;
#[path = "../paying/mod.rs"]
mod paying;
#[path = "../table/mod.rs"]
mod table;

mod actors;
mod bounds;
mod changes;
mod excess;
mod forms;
mod parts;
mod pending;
mod refunds;
