//! Limits how often the operator is told of refused requests.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::name::HostPort;

/// How many lines of a kind may be logged in a burst, and the interval afterwards, so that
/// a flood of refusals does not fill the disk.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const THEN_ONE_IN: Duration = Duration::from_secs(60);

/// A rate limit for log lines of one kind.
pub(super) struct Notices {
    limiter: DefaultDirectRateLimiter,
    /// How many lines were suppressed since the last that was written.
    unwritten: AtomicU64,
}

impl Notices {
    pub(super) fn new() -> Self {
        // The period is not zero, so there is always a quota.
        let quota = Quota::with_period(THEN_ONE_IN).unwrap_or(Quota::per_hour(AT_ONCE));
        Self { limiter: RateLimiter::direct(quota.allow_burst(AT_ONCE)), unwritten: AtomicU64::new(0) }
    }

    /// Whether a line may be written now: the number of lines suppressed since the last.
    /// `None`: it may not.
    pub(super) fn next(&self) -> Option<u64> {
        if self.limiter.check().is_err() {
            self.unwritten.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.unwritten.swap(0, Ordering::Relaxed))
    }
}

/// Remembers the first host, with its port, for which the operator was told that a proxy
/// drops the port.
#[derive(Default)]
pub(super) struct LostPort(OnceLock<HostPort>);

/// Whether the operator was already told that a proxy drops the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Not yet.
    First,
    /// Yes, for this host.
    Known,
    /// Yes, but for another host. Anyone can make up host names.
    OfAnother,
}

impl LostPort {
    pub(super) fn of(&self, host: &HostPort) -> News {
        match self.0.set(host.clone()) {
            Ok(()) => News::First,
            Err(_) if self.0.get() == Some(host) => News::Known,
            Err(_) => News::OfAnother,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_a_few_lines_and_then_hardly_any() {
        let notices = Notices::new();
        let written = (0..100_000).filter(|_| notices.next().is_some()).count();
        assert!((10..20).contains(&written), "{written}");
    }

    #[test]
    fn a_lost_port_is_news_once() {
        let lost = LostPort::default();
        let (ours, other) =
            (HostPort::parse("a.example:81").unwrap(), HostPort::parse("b.example:81").unwrap());
        assert_eq!(lost.of(&ours), News::First);
        assert_eq!(
            [lost.of(&ours), lost.of(&other), lost.of(&ours)],
            [News::Known, News::OfAnother, News::Known]
        );
    }
}
