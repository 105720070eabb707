//! Decides when to ping a peer, and when to give up on it.

use std::time::Duration;

use tokio::time::Instant;

/// How many silent intervals make a peer count as gone.
const MISSES: u8 = 2;

/// What to do at a clock tick.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a ping.
    Ping,
    /// Nothing yet.
    Wait,
    /// The peer was silent for too long.
    GiveUp,
}

/// Counts the intervals in which a peer was pinged and stayed silent.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    next: Instant,
    /// Whether a ping was queued and nothing has been heard since.
    asked: bool,
    misses: u8,
}

impl Keepalive {
    /// Makes one. `spread`, between 0 and 1, shortens the first interval by up to half, so that
    /// sockets which were opened together (after a restart) do not keep pinging at the same time.
    pub(super) fn new(interval: Duration, now: Instant, spread: f64) -> Self {
        let first = interval.mul_f64(1.0 - spread.clamp(0.0, 1.0) / 2.0);
        Self { interval, next: now + first, asked: false, misses: 0 }
    }

    /// When the next clock tick is due.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Notes that something arrived from the peer.
    pub(super) fn heard(&mut self) {
        self.asked = false;
        self.misses = 0;
    }

    /// Handles a clock tick. `listening`: whether the peer could have been heard and could have
    /// got the ping. It is false while the peer's last message is being processed, and while
    /// earlier messages wait to be written.
    pub(super) fn ring(&mut self, now: Instant, listening: bool) -> Due {
        if now < self.next {
            return Due::Wait;
        }
        self.next = now + self.interval;
        if !listening {
            return Due::Wait;
        }
        if self.asked {
            self.misses += 1;
            if self.misses >= MISSES {
                return Due::GiveUp;
            }
        }
        self.asked = true;
        Due::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);

    #[test]
    fn a_silent_peer_is_given_up_after_two_missed_intervals() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, start, 0.0);
        assert_eq!(keepalive.next(), start + INTERVAL);
        assert_eq!(keepalive.ring(start + INTERVAL, true), Due::Ping);
        assert_eq!(keepalive.ring(start + INTERVAL * 2, true), Due::Ping);
        assert_eq!(keepalive.ring(start + INTERVAL * 3, true), Due::GiveUp);
    }

    #[test]
    fn anything_that_is_heard_starts_the_count_again() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, start, 0.0);
        for tick in 1..10 {
            assert_eq!(keepalive.ring(start + INTERVAL * tick, true), Due::Ping);
            if tick % 2 == 0 {
                keepalive.heard();
            }
        }
    }

    #[test]
    fn silence_does_not_count_while_nobody_listens() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(INTERVAL, start, 0.0);
        assert_eq!(keepalive.ring(start + INTERVAL, true), Due::Ping);
        for tick in 2..10 {
            assert_eq!(keepalive.ring(start + INTERVAL * tick, false), Due::Wait);
        }
        assert_eq!(keepalive.ring(start + INTERVAL * 10, true), Due::Ping, "the first miss");
    }

    #[test]
    fn the_first_interval_is_spread_over_its_second_half() {
        let start = Instant::now();
        assert_eq!(Keepalive::new(INTERVAL, start, 1.0).next(), start + INTERVAL / 2);
        let mut early = Keepalive::new(INTERVAL, start, 0.5);
        assert_eq!(early.ring(start, true), Due::Wait, "not yet");
    }
}
