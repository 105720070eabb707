//! Sign-in: who is let in, who is refused, and that others are not told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

mod attacks;
mod command_line;
mod issuer;
mod key_changes;
mod keys;
mod labels;
mod origins;
#[path = "../support/process.rs"]
mod process;
mod rooms;
#[path = "../support/server.rs"]
mod server;
mod sockets;
mod table;
