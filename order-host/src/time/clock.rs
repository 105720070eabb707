//! Where time comes from.
//!
//! A clock may be wrong when a machine starts and be set right later, so nothing that cannot be taken back trusts it at once:
//! [`Steps`](super::Steps) compares it with the time that elapses, which nobody sets.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use order_core::UnixMillis;

/// Tells the time. The core has no clock of its own, so a test can give it any.
pub trait Clock: Send + Sync + 'static {
    /// The time now, as the clock on the wall shows it. It may be set, forwards and backwards.
    fn now(&self) -> UnixMillis;

    /// The time that has elapsed since some moment of this process, whatever is done to [`Clock::now`]. It never runs backwards.
    fn elapsed(&self) -> Duration {
        static BEGIN: OnceLock<Instant> = OnceLock::new();
        let begin = *BEGIN.get_or_init(Instant::now);
        // Tokio's, so that a test that pauses time turns this, too.
        tokio::time::Instant::now().into_std().saturating_duration_since(begin)
    }

    /// The earliest time that can be: a clock that shows less is wrong. By default any time can be.
    fn earliest(&self) -> UnixMillis {
        UnixMillis::default()
    }
}
