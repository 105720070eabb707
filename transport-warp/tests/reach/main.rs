//! Which pages may use the server, and which names it answers to: each way to start it,
//! with requests as browsers send them, and the log lines about refusals.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "../support/broken_log.rs"]
mod broken_log;
mod browser;
mod library;
mod log;
mod options;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/server.rs"]
mod server;
