//! Rate limits for opening sockets and looking at orders, by address.

use std::num::{NonZeroU8, NonZeroU32};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use order_host::Pace;

use super::place::{Place, SITE_FACTOR};

/// After this many visits, idle addresses are forgotten.
const FORGET_AFTER: u32 = 1_024;

/// Counts visits by address. An address is forgotten once its whole burst is available
/// again.
pub(crate) struct Visits {
    limiter: DefaultKeyedRateLimiter<Place>,
    /// The same limits for IPv6 sites.
    sites: DefaultKeyedRateLimiter<Place>,
    pace: Pace,
    clock: DefaultClock,
    counted: AtomicU32,
}

impl Visits {
    pub(crate) fn new(pace: Pace) -> Self {
        let quota = |times: u8| {
            let times = |number: NonZeroU32| {
                number.saturating_mul(NonZeroU8::new(times).unwrap_or(NonZeroU8::MIN).into())
            };
            Quota::per_second(times(pace.per_second)).allow_burst(times(pace.burst))
        };
        Self {
            limiter: RateLimiter::keyed(quota(1)),
            sites: RateLimiter::keyed(quota(SITE_FACTOR)),
            pace,
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    /// The limit of one address.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Counts a visit. If it comes too early, returns the time to wait.
    pub(crate) fn count(&self, place: Place) -> Result<(), Duration> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            for limiter in [&self.limiter, &self.sites] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
        let check = |limiter: &DefaultKeyedRateLimiter<Place>, place| {
            limiter.check_key(&place).map_err(|early| early.wait_time_from(self.clock.now()))
        };
        check(&self.limiter, place)?;
        place.site().map_or(Ok(()), |site| check(&self.sites, site))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn one_address_is_held_up_and_no_other_and_who_is_long_gone_is_forgotten() {
        let visits = Visits::new(Pace::new(1_000, 3).unwrap());
        let place = |number: u32| Place::at(Ipv4Addr::from(0xc000_0200 + number).into()).unwrap();
        let slow = Visits::new(Pace::new(1, 3).unwrap());
        for _ in 0..3 {
            assert!(slow.count(place(1)).is_ok());
        }
        let wait = slow.count(place(1)).unwrap_err();
        assert!(!wait.is_zero() && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(slow.count(place(2)).is_ok());
        for number in 0..20_000 {
            assert!(visits.count(place(number)).is_ok());
        }
        std::thread::sleep(Duration::from_millis(20));
        for _ in 0..FORGET_AFTER {
            let _ = visits.count(place(0));
        }
        assert!(visits.limiter.len() < 10, "{}", visits.limiter.len());
    }
}
