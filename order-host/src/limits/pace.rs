//! Rate limits, and the meters that keep them.

use std::num::NonZeroU32;
use std::ops::Add;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use order_core::{Code, Rejection};
use tokio::time::Instant;

/// A rate limit: so much a second in the long run, and a burst at once. It is in messages, unless the setting says bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So much a second, in the long run.
    pub per_second: NonZeroU32,
    /// How many at once, after a rest.
    pub burst: NonZeroU32,
}

impl Pace {
    /// So much a second, and so much at once. `None` if either is 0: then there is no limit.
    pub fn new(per_second: u32, burst: u32) -> Option<Self> {
        let (per_second, burst) = (NonZeroU32::new(per_second)?, NonZeroU32::new(burst)?);
        Some(Self { per_second, burst })
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Moment>>;

/// Counts the messages of a socket, or of all sockets of a participant. As many as are taken may be refused, at the
/// same pace. A client beyond that does not wait when it is told to.
#[derive(Debug)]
pub(crate) struct Meter {
    pace: Pace,
    whose: Whose,
    taken: Limiter,
    refused: Limiter,
}

/// Whose messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Socket,
    Participant,
}

/// A message that exceeds the rate limit.
#[derive(Debug)]
pub(crate) struct TooFast {
    pub(crate) rejection: Rejection,
    /// Whether so many were refused that the client evidently ignores it.
    pub(crate) is_flood: bool,
}

impl Meter {
    pub(crate) fn new(pace: Pace, whose: Whose) -> Self {
        let quota = Quota::per_second(pace.per_second).allow_burst(pace.burst);
        let limiter = || RateLimiter::direct_with_clock(quota, Monotonic);
        Self { pace, whose, taken: limiter(), refused: limiter() }
    }

    /// Counts one message. Fails if it exceeds the rate limit.
    pub(crate) fn count(&self) -> Result<(), TooFast> {
        let Err(early) = self.taken.check() else { return Ok(()) };
        let wait = early.wait_time_from(Monotonic.now()).as_millis();
        let Pace { per_second, burst } = self.pace;
        let of = match self.whose {
            Whose::Socket => "",
            Whose::Participant => ", from all connections of one participant",
        };
        let rejection = Rejection::new(Code::RateLimited)
            .expected(format!("at most {per_second} messages a second, {burst} at once{of}"))
            .retry_after(u64::try_from(wait).unwrap_or(u64::MAX).saturating_add(1));
        Err(TooFast { rejection, is_flood: self.refused.check().is_err() })
    }
}

/// Monotonic time, whatever happens to the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Monotonic;

/// A moment of [`Monotonic`] time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

impl Clock for Monotonic {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(Instant::now())
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, duration: Nanos) -> Self {
        Self(self.0.checked_add(duration.into()).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pace(per_second: u32, burst: u32) -> Pace {
        Pace::new(per_second, burst).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_at_once_and_then_so_many_a_second() {
        let meter = Meter::new(pace(10, 5), Whose::Socket);
        for _ in 0..3 {
            for _ in 0..5 {
                assert!(meter.count().is_ok());
            }
            let early = meter.count().unwrap_err();
            assert!(!early.is_flood);
            let wait = early.rejection.retry_after_ms().unwrap();
            assert!((90..=101).contains(&wait), "{wait}");
            tokio::time::advance(Duration::from_millis(wait)).await;
            assert!(meter.count().is_ok(), "after as long as it said");
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_listen_is_a_flood_and_whoever_waits_is_not() {
        let meter = Meter::new(pace(10, 5), Whose::Socket);
        let results: Vec<_> = (0..11).map(|_| meter.count()).collect();
        let floods = results.iter().filter(|result| result.as_ref().is_err_and(|early| early.is_flood));
        assert_eq!(floods.count(), 1, "five are taken, five are told, and one is too many");

        let meter = Meter::new(pace(10, 5), Whose::Socket);
        for _ in 0..50 {
            while let Err(early) = meter.count() {
                assert!(!early.is_flood);
                let wait = early.rejection.retry_after_ms().unwrap();
                tokio::time::advance(Duration::from_millis(wait)).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_on_at_several_times_the_pace_is_a_flood_in_the_end() {
        for (sent_a_second, is_flood) in [(11, false), (19, false), (30, true), (1_000, true)] {
            let meter = Meter::new(pace(10, 5), Whose::Socket);
            let mut flooded = false;
            for _ in 0..sent_a_second * 60 {
                flooded |= meter.count().is_err_and(|early| early.is_flood);
                tokio::time::advance(Duration::from_secs(1) / sent_a_second).await;
            }
            assert_eq!(flooded, is_flood, "{sent_a_second} messages a second");
        }
    }
}
