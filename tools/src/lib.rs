//! What several tools share: processes to measure, the machine's figures, frames of WebSockets, and bills by seed.

/// Bills by seed, an oracle and laws: what the tests of the core share.
#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    clippy::should_implement_trait,
    reason = "written as a part of tests, not of a library"
)]
#[path = "../../order-core/tests/support/bill/mod.rs"]
pub mod bill;
pub mod child;
/// Orders whose bills are dear to work out: what the tests of the core share.
#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    clippy::should_implement_trait,
    reason = "written as a part of tests, not of a library"
)]
#[path = "../../order-core/tests/support/dear/mod.rs"]
pub mod dear;
pub mod environment;
pub mod frames;
pub mod latencies;
pub mod upgrade;
pub mod usage;
pub mod whole;
