//! Tests of the repository's pages: links work, named files and tests exist, examples are
//! valid, and sessions run as printed.
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
