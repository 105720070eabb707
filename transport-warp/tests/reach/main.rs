//! From which pages the server may be used, and to which names it answers: each way to start it, with requests as browsers send
//! them, and what the log says of those who were turned away.
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
