//! What waits to be sent to one socket: bounded, and never in the room's way.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::expiry::Expiry;
use crate::pace::{Meter, TooFast};
use crate::pieces::Pieces;

/// So many messages may wait however large they are: the answer to a join is two, each with the full state.
const ALWAYS_FIT: usize = 2;

/// Beside those one more may wait that has so many bytes at most: the `ack` of that join.
const ACK_FITS: usize = 512;

/// The answer to the text `ping`.
const PONG: &str = "pong";

/// Something for a socket to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// Send this text message.
    Text(Pieces),
    /// Close the socket; nothing comes after it.
    Close(CloseReason),
}

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server restarts: come back in a moment.
    Restart,
    /// The room cannot be read or written now: try again later.
    Unavailable,
    /// The sign-in has ended: sign in again, and come back.
    SignInEnded,
    /// It sent much more than it may, and went on when it was told to wait.
    Flood,
}

/// A socket's queue. The room pushes and never waits; the socket takes at its own speed.
///
/// Once more than `limit` bytes wait, the queue is dropped and the socket needs the full state instead: it
/// asks for it when it has sent what it had, and until then nothing is queued. So a reader that has stopped
/// costs `limit` bytes or two frames and an `ack` at most, and a frame's bytes are shared by all who wait for it.
///
/// Once the sign-in has ended, nothing is queued but the last words. What was queued before may still be sent, however
/// late the socket takes it.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
    limit: usize,
    /// The end of the sign-in, where it has one.
    expiry: Option<Arc<Expiry>>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Pieces>,
    bytes: usize,
    lag: Lag,
    close: Option<CloseReason>,
    gone: bool,
    /// A ping came while nothing could be queued. However many did, one pong answers them.
    owes_pong: bool,
    /// Counts the messages of whoever the socket speaks as, on all their sockets.
    meter: Option<Arc<Meter>>,
}

/// Whether the socket has missed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lag {
    #[default]
    None,
    /// It has, and the room does not know yet.
    Missed,
    /// It has, and the room was asked for the full state.
    Asked,
}

/// What [`Outbox::take`] found.
pub(crate) enum Taken {
    Outgoing(Outgoing),
    /// The full state is needed before anything else.
    NeedsSync,
    Nothing,
}

impl Outbox {
    pub(crate) fn new(limit: usize, expiry: Option<Arc<Expiry>>) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), limit, expiry }
    }

    /// Whether what happens now is no longer for this socket.
    fn has_expired(&self) -> bool {
        self.expiry.as_ref().is_some_and(|expiry| expiry.has_passed())
    }

    /// Queues a message, unless the socket lags behind, is gone, or its sign-in has ended.
    pub(crate) fn push(&self, message: impl Into<Pieces>) {
        if self.has_expired() {
            // Whoever waits may not know yet that it has: the clock may have been set.
            return self.changed.notify_one();
        }
        let mut state = self.lock();
        state.push(message.into(), self.limit);
        drop(state);
        self.changed.notify_one();
    }

    /// Answers a ping, after everything that was queued before it came. It is answered even where messages are dropped: whoever
    /// pings wants to know whether the line is dead.
    pub(crate) fn pong(&self) {
        let mut state = self.lock();
        if state.gone || state.close.is_some() || self.has_expired() {
            return;
        }
        state.push(PONG.into(), self.limit);
        state.owes_pong |= state.lag != Lag::None;
        drop(state);
        self.changed.notify_one();
    }

    /// Queues a message that carries the full state. It makes up for whatever the socket has missed, and takes
    /// the place of what waits if it, and one more as large (the other half of the answer to a join), do not
    /// fit beside that.
    pub(crate) fn push_state(&self, message: Pieces) {
        let mut state = self.lock();
        if state.gone || state.close.is_some() || self.has_expired() {
            return;
        }
        state.lag = Lag::None;
        if state.bytes.saturating_add(message.len().saturating_mul(ALWAYS_FIT)) > self.limit {
            state.clear();
        }
        state.push(message, self.limit);
        drop(state);
        self.changed.notify_one();
    }

    /// From now on the socket's messages are counted with those of whoever it speaks as.
    pub(crate) fn count_with(&self, meter: Option<Arc<Meter>>) {
        self.lock().meter = meter;
    }

    /// Counts one message, which may be early.
    pub(crate) fn count_message(&self) -> Result<(), TooFast> {
        self.lock().meter.as_ref().map_or(Ok(()), |meter| meter.count())
    }

    /// Whether the socket has missed something and waits for the full state.
    pub(crate) fn lags(&self) -> bool {
        self.lock().lag != Lag::None
    }

    /// Notes that there is nothing that could make up for what the socket has missed: it goes on from here.
    pub(crate) fn forgo_state(&self) {
        self.lock().lag = Lag::None;
    }

    /// Closes the socket once it has sent what waits.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.close = state.close.or(Some(reason));
        drop(state);
        self.changed.notify_one();
    }

    /// Closes the socket once it has sent what waits and, after that, these last words. It hears them even if it has
    /// missed something; what it missed it is not given any more.
    pub(crate) fn end(&self, reason: CloseReason, last_words: impl FnOnce() -> String) {
        let mut state = self.lock();
        if state.gone || state.close.is_some() {
            return;
        }
        state.lag = Lag::None;
        state.queue.push_back(last_words().into());
        state.close = Some(reason);
        drop(state);
        self.changed.notify_one();
    }

    /// Notes that the socket is gone: nothing is queued any more.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        *state = State { gone: true, ..State::default() };
    }

    /// Whether the socket is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().gone
    }

    /// Notes that the room was asked for the full state.
    pub(crate) fn sync_is_asked(&self) {
        let mut state = self.lock();
        if state.lag == Lag::Missed {
            state.lag = Lag::Asked;
        }
    }

    /// Takes what comes next.
    pub(crate) fn take(&self) -> Taken {
        let mut state = self.lock();
        let Some(message) = state.queue.pop_front() else {
            // An idle socket keeps no room for a queue.
            state.queue = VecDeque::new();
            if std::mem::take(&mut state.owes_pong) {
                return Taken::Outgoing(Outgoing::Text(PONG.into()));
            }
            return match (state.close, state.lag) {
                (Some(reason), _) => Taken::Outgoing(Outgoing::Close(reason)),
                (None, Lag::Missed) => Taken::NeedsSync,
                (None, Lag::None | Lag::Asked) => Taken::Nothing,
            };
        };
        state.bytes = state.bytes.saturating_sub(message.len());
        Taken::Outgoing(Outgoing::Text(message))
    }

    /// Waits until something may have changed since the last [`Outbox::take`].
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Lets whoever waits for a change look again.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, message: Pieces, limit: usize) {
        if self.gone || self.close.is_some() || self.lag != Lag::None {
            return;
        }
        let would_wait = self.bytes.saturating_add(message.len());
        let fits = would_wait <= limit
            || self.queue.len() < ALWAYS_FIT
            || (self.queue.len() == ALWAYS_FIT && message.len() <= ACK_FITS);
        if fits {
            self.bytes = would_wait;
            self.queue.push_back(message);
        } else {
            self.clear();
            self.lag = Lag::Missed;
        }
    }

    /// Drops what waits, but for a pong: nothing else is as short.
    fn clear(&mut self) {
        self.owes_pong |= self.queue.iter().any(|message| message.len() == PONG.len());
        self.queue = VecDeque::new();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use bytes::Bytes;
    use order_core::UnixMillis;

    use super::*;
    use crate::Clock;

    fn text(outbox: &Outbox) -> Option<Bytes> {
        match outbox.take() {
            Taken::Outgoing(Outgoing::Text(text)) => Some(text.into_bytes()),
            _ => None,
        }
    }

    #[test]
    fn a_reader_that_falls_behind_needs_the_full_state() {
        let outbox = Outbox::new(10, None);
        for _ in 0..4 {
            outbox.push("12345");
        }
        assert!(matches!(outbox.take(), Taken::NeedsSync));
        outbox.push("late");
        outbox.sync_is_asked();
        assert!(matches!(outbox.take(), Taken::Nothing), "nothing is queued until the full state comes");
    }

    #[test]
    fn after_a_loss_that_nothing_makes_up_for_messages_come_again() {
        let outbox = Outbox::new(10, None);
        for _ in 0..4 {
            outbox.push("12345");
        }
        outbox.forgo_state();
        assert!(matches!(outbox.take(), Taken::Nothing));
        outbox.push("next");
        assert_eq!(text(&outbox).unwrap(), "next");
    }

    #[test]
    fn two_messages_pass_however_large_they_are() {
        let outbox = Outbox::new(10, None);
        outbox.push("longer than ten bytes");
        outbox.push("also longer than ten bytes");
        assert_eq!(text(&outbox).unwrap(), "longer than ten bytes");
        assert_eq!(text(&outbox).unwrap(), "also longer than ten bytes");
        for _ in 0..3 {
            outbox.push("123");
        }
        assert_eq!(text(&outbox).unwrap(), "123", "what was taken no longer counts");
    }

    #[test]
    fn two_large_messages_and_an_ack_pass() {
        let outbox = Outbox::new(10, None);
        let states = ["longer than ten bytes", "also longer than ten bytes"];
        outbox.push_state(states[0].into());
        for message in [states[1], "an ack", "another"] {
            outbox.push(message);
        }
        assert!(matches!(outbox.take(), Taken::NeedsSync), "more is too much");
        outbox.push_state(states[0].into());
        outbox.push(states[1]);
        outbox.push("an ack");
        for expected in [states[0], states[1], "an ack"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
    }

    #[test]
    fn a_close_comes_after_what_was_queued_and_ends_it() {
        let outbox = Outbox::new(100, None);
        outbox.push("last words");
        outbox.close(CloseReason::Restart);
        outbox.close(CloseReason::Unavailable);
        outbox.push("too late");
        assert_eq!(text(&outbox).unwrap(), "last words");
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
    }

    #[test]
    fn last_words_reach_whoever_has_fallen_behind_too() {
        let outbox = Outbox::new(10, None);
        for _ in 0..4 {
            outbox.push("12345");
        }
        outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
        outbox.end(CloseReason::SignInEnded, || "more last words".to_owned());
        outbox.push_state("a state that comes too late".into());
        assert_eq!(text(&outbox).unwrap(), "last words");
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
    }

    #[test]
    fn after_the_end_of_the_sign_in_nothing_is_queued_and_what_was_queued_before_stays() {
        let clock = Arc::new(SetClock(AtomicU64::new(99)));
        let outbox = Outbox::new(30, Some(Arc::new(Expiry::new(UnixMillis::new(100), clock.clone()))));
        outbox.push("stored before");
        clock.0.store(100, Ordering::Relaxed);
        outbox.push("stored after");
        outbox.push_state("a state that would take the place of what waits".into());
        outbox.pong();
        clock.0.store(50, Ordering::Relaxed);
        outbox.push("stored after a clock was set back");
        outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
        assert_eq!(
            (text(&outbox).unwrap(), text(&outbox).unwrap()),
            ("stored before".into(), "last words".into())
        );
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
    }

    #[test]
    fn a_reader_that_fell_behind_gets_no_state_after_the_end_of_its_sign_in() {
        for asks_before in [false, true] {
            let clock = Arc::new(SetClock(AtomicU64::new(99)));
            let outbox = Outbox::new(10, Some(Arc::new(Expiry::new(UnixMillis::new(100), clock.clone()))));
            for _ in 0..4 {
                outbox.push("12345");
            }
            if asks_before {
                assert!(matches!(outbox.take(), Taken::NeedsSync));
                outbox.sync_is_asked();
            }
            clock.0.store(100, Ordering::Relaxed);
            outbox.push_state("a state of later".into());
            outbox.push("later");
            outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
            outbox.push_state("a state of even later".into());
            assert_eq!(text(&outbox).unwrap(), "last words");
            assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
        }
    }

    /// A clock that a test sets.
    struct SetClock(AtomicU64);

    impl Clock for SetClock {
        fn now(&self) -> UnixMillis {
            UnixMillis::new(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_ping_is_answered_whatever_else_is_dropped() {
        let outbox = Outbox::new(10, None);
        outbox.push("first");
        outbox.pong();
        assert_eq!((text(&outbox).unwrap(), text(&outbox).unwrap()), ("first".into(), "pong".into()));
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.pong();
        outbox.pong();
        assert_eq!(text(&outbox).unwrap(), "pong");
        assert!(matches!(outbox.take(), Taken::NeedsSync));

        let outbox = Outbox::new(10, None);
        outbox.pong();
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.push_state("a state".into());
        assert_eq!((text(&outbox).unwrap(), text(&outbox).unwrap()), ("a state".into(), "pong".into()));
    }

    #[test]
    fn an_abandoned_outbox_holds_nothing() {
        let outbox = Outbox::new(100, None);
        outbox.push("queued");
        outbox.abandon();
        outbox.push("more");
        assert!(matches!(outbox.take(), Taken::Nothing));
    }
}
