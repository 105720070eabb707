//! The system clock.

use std::time::{SystemTime, UNIX_EPOCH};

use order_core::UnixMillis;

use super::Clock;

/// When this release was built, in milliseconds since 1970.
const BUILT: UnixMillis = UnixMillis::new(match u64::from_str_radix(env!("STONEPOT_BUILT_SECONDS"), 10) {
    Ok(seconds) => seconds.saturating_mul(1000),
    Err(_) => 0,
});

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::new(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns the time since the machine started, sleep included: an hour passes whether the
    /// machine slept or not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn elapsed(&self) -> std::time::Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        time.try_into().unwrap_or_default()
    }

    /// Returns when this release was built.
    fn earliest(&self) -> UnixMillis {
        BUILT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_elapses_and_no_release_is_built_in_its_future() {
        let before = SystemClock.elapsed();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(SystemClock.elapsed() > before);
        assert!(SystemClock.earliest() > UnixMillis::new(1_750_000_000_000), "{:?}", SystemClock.earliest());
        assert!(SystemClock.now() >= SystemClock.earliest());
    }
}
