//! The pages of the repository hold: links lead somewhere, files and tests that are named exist, examples are understood, and
//! sessions play as they are printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

mod examples;
mod links;
mod markdown;
mod named;
#[path = "../support/server.rs"]
mod server;
mod sessions;
