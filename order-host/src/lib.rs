//! The async room loop that every Stonepot transport shares.
//!
//! The order itself, its rules and its money are in [`order_core`], which does no I/O. This crate owns
//! what surrounds it: where facts are stored ([`log`]), and which room they belong to ([`RoomKey`]).

#![forbid(unsafe_code)]

pub mod log;
mod room_key;

pub use room_key::{RoomKey, RoomKeyError};
