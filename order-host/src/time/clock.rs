//! Where time comes from.
//!
//! A clock may be wrong when a machine starts and be set right later, so nothing that cannot be taken back trusts it at once:
//! [`Steps`](super::Steps) compares it with the time that elapses, which nobody sets.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use order_core::UnixMillis;

/// Tells the time. order-core has no clock of its own, so that tests can supply any time.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time of the wall clock. It may be set, forwards and backwards.
    fn now(&self) -> UnixMillis;

    /// Returns the time elapsed since some moment in this process, independent of
    /// [`Clock::now`]. It never runs backwards.
    fn elapsed(&self) -> Duration {
        static BEGIN: OnceLock<Instant> = OnceLock::new();
        let begin = *BEGIN.get_or_init(Instant::now);
        // Tokio's clock, so that a test that pauses time controls this too.
        tokio::time::Instant::now().into_std().saturating_duration_since(begin)
    }

    /// Returns the earliest plausible time: a clock that shows less is wrong. By default every
    /// time is plausible.
    fn earliest(&self) -> UnixMillis {
        UnixMillis::default()
    }
}
