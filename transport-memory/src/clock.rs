//! A clock that a test sets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use order_core::UnixMillis;
use order_host::Clock;

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: UnixMillis) -> Self {
        Self(AtomicU64::new(now.get()))
    }

    /// Sets the clock, also backwards.
    pub fn set(&self, now: UnixMillis) {
        self.0.store(now.get(), Ordering::Relaxed);
    }

    /// Moves the clock on, by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.set(UnixMillis::new(self.now().get().saturating_add(by)));
    }
}

impl Default for ManualClock {
    /// 2023-11-14 22:13:20 UTC, a time that is easy to recognize: 1,700,000,000,000 ms.
    fn default() -> Self {
        Self::new(UnixMillis::new(1_700_000_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::Relaxed))
    }
}
