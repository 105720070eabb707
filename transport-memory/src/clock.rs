//! A clock that tests set.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use order_core::UnixMillis;
use order_host::Clock;

/// A clock that stands still until a test moves it, as does its elapsed time.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicU64,
    elapsed: AtomicU64,
}

impl ManualClock {
    /// Creates a clock that shows `now`.
    pub fn new(now: UnixMillis) -> Self {
        Self { now: AtomicU64::new(now.get()), elapsed: AtomicU64::new(0) }
    }

    /// Sets the clock, possibly backwards, without elapsed time. To the host this is a step of
    /// the clock.
    pub fn set(&self, now: UnixMillis) {
        self.now.store(now.get(), Ordering::Relaxed);
    }

    /// Advances the clock and the elapsed time, in whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.elapsed.store(self.elapsed.load(Ordering::Relaxed).saturating_add(by), Ordering::Relaxed);
        self.set(UnixMillis::new(self.now().get().saturating_add(by)));
    }
}

impl Default for ManualClock {
    /// Shows 2023-11-14 22:13:20 UTC, which is easy to recognize: 1,700,000,000,000 ms.
    fn default() -> Self {
        Self::new(UnixMillis::new(1_700_000_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.now.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::Relaxed))
    }
}
