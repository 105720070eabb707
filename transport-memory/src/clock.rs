//! A clock that a test sets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use order_core::UnixMillis;
use order_host::Clock;

/// A clock that stands still until a test moves it, and so does elapsed time.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicU64,
    elapsed: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: UnixMillis) -> Self {
        Self { now: AtomicU64::new(now.get()), elapsed: AtomicU64::new(0) }
    }

    /// Sets the clock, also backwards. No time elapses: for the host, the clock steps.
    pub fn set(&self, now: UnixMillis) {
        self.now.store(now.get(), Ordering::Relaxed);
    }

    /// Lets so much time elapse, by whole milliseconds, and moves the clock on by as much.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.elapsed.store(self.elapsed.load(Ordering::Relaxed).saturating_add(by), Ordering::Relaxed);
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
        UnixMillis::new(self.now.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::Relaxed))
    }
}
