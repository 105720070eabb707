//! Limits of the bytes that a person or an address may add to the log.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use order_core::Rejection;

use crate::limits::pace::{Moment, Monotonic};
use crate::{NotYet, Pace};

type Limiter = RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Moment>>;

/// Counts the bytes that one participant adds to the log of an order. Payments and the
/// owner's commands have a separate limit of the same size, so that somebody who ordered
/// too fast can still close the bill.
#[derive(Debug)]
pub(crate) struct StoredBytes {
    pace: Pace,
    ordinary: Limiter,
    reserved: Limiter,
}

impl StoredBytes {
    /// `pace` is in bytes.
    pub(crate) fn new(pace: Pace) -> Self {
        let quota = Quota::per_second(pace.per_second).allow_burst(pace.burst);
        let limiter = || RateLimiter::direct_with_clock(quota, Monotonic);
        Self { pace, ordinary: limiter(), reserved: limiter() }
    }

    /// Counts `bytes` bytes. More than a whole burst counts as one burst.
    pub(crate) fn count(&self, bytes: usize, is_reserved: bool) -> Result<(), Rejection> {
        let limiter = if is_reserved { &self.reserved } else { &self.ordinary };
        let Err(early) = limiter.check_n(within(bytes, self.pace.burst)).unwrap_or(Ok(())) else {
            return Ok(());
        };
        let wait = early.wait_time_from(governor::clock::Clock::now(&Monotonic));
        Err(NotYet { bound: bound(self.pace, "one participant"), wait }.rejection())
    }
}

/// A check that is asked before something is stored for a socket with limited storage. A
/// transport that knows where a socket comes from uses it to limit what is added from
/// there, over all orders. Cheap to clone; every clone is the same allowance.
#[derive(Clone)]
pub struct Allowance(Arc<dyn Fn(usize) -> Result<(), NotYet> + Send + Sync>);

impl Allowance {
    /// Creates an allowance that calls `ask` with the number of bytes before they are stored.
    pub fn new(ask: impl Fn(usize) -> Result<(), NotYet> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(crate) fn ask(&self, bytes: usize) -> Result<(), Rejection> {
        (self.0)(bytes).map_err(|early| early.rejection())
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Allowance")
    }
}

/// Two allowances are equal if they are clones of the same one.
impl PartialEq for Allowance {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Allowance {}

/// Describes the limit to a client that exceeds it.
pub(crate) fn bound(Pace { per_second, burst }: Pace, whose: &str) -> String {
    format!("at most {per_second} bytes of changes a second from {whose}, {burst} at once")
}

/// Returns how much of `bytes` counts: more than a whole burst would never be let through.
pub(crate) fn within(bytes: usize, burst: NonZeroU32) -> NonZeroU32 {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    NonZeroU32::new(bytes).unwrap_or(NonZeroU32::MIN).min(burst)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use order_core::Code;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_bytes_are_stored_at_once_and_then_so_many_a_second_and_the_reserve_is_apart() {
        let bytes = StoredBytes::new(Pace::new(100, 1_000).unwrap());
        for _ in 0..5 {
            assert!(bytes.count(200, false).is_ok());
        }
        let early = bytes.count(200, false).unwrap_err();
        assert_eq!(early.code(), Code::RateLimited);
        let wait = early.retry_after_ms().unwrap();
        assert!((1_900..=2_001).contains(&wait), "{wait}");
        assert!(bytes.count(1_000, true).is_ok(), "what is reserved is counted apart");
        tokio::time::advance(Duration::from_millis(wait)).await;
        assert!(bytes.count(200, false).is_ok());
        assert!(bytes.count(200, false).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_a_burst_is_stored_after_a_rest() {
        let bytes = StoredBytes::new(Pace::new(100, 1_000).unwrap());
        assert!(bytes.count(1_000_000, false).is_ok());
        assert!(bytes.count(1, false).is_err());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(bytes.count(1_000_000, false).is_ok());
    }
}
