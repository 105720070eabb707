//! What several tools share: processes to measure, the machine's figures, frames of WebSockets, and bills by seed.

/// Bills by seed, an oracle and laws: what the tests of the core share.
#[allow(missing_docs, reason = "documented as the tests that it belongs to")]
#[path = "../../order-core/tests/bill/mod.rs"]
pub mod bill;
pub mod child;
/// Orders whose bills are dear to work out: what the tests of the core share.
#[allow(missing_docs, reason = "documented as the tests that it belongs to")]
#[path = "../../order-core/tests/dear/mod.rs"]
pub mod dear;
pub mod environment;
pub mod frames;
pub mod latencies;
pub mod upgrade;
pub mod usage;
pub mod whole;
