//! When to ping a peer, and when to give it up.

use std::time::Duration;

use tokio::time::Instant;

/// Silent intervals after which a peer counts as gone.
const MISSES: u8 = 2;

/// What is due when the clock rings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a ping.
    Ping,
    /// Nothing yet.
    Wait,
    /// The peer was silent for too long.
    GiveUp,
}

/// Counts the intervals in which a peer was asked and said nothing.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    next: Instant,
    /// A ping was handed to the socket and nothing has been heard since.
    asked: bool,
    misses: u8,
}

impl Keepalive {
    /// `spread` is between 0 and 1. It shortens the first interval by up to half, so that sockets which were all
    /// opened at once (after a restart) do not ping all at once for ever.
    pub(super) fn new(interval: Duration, now: Instant, spread: f64) -> Self {
        let first = interval.mul_f64(1.0 - spread.clamp(0.0, 1.0) / 2.0);
        Self { interval, next: now + first, asked: false, misses: 0 }
    }

    /// When the clock must ring.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Something arrived from the peer.
    pub(super) fn heard(&mut self) {
        self.asked = false;
        self.misses = 0;
    }

    /// The clock rang. `listening` says whether the peer could have been heard and could have got the ping: not
    /// while its last message is still being worked on, nor while earlier messages wait to be written.
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
