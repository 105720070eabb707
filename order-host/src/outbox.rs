//! What waits to be sent to one socket: bounded, and never in the room's way.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::expiry::Expiry;
use crate::pace::{Meter, TooFast};
use crate::pieces::Pieces;

/// So many messages may wait however large they are: the answer to a join is two, each with the full state.
const ALWAYS_FIT: usize = 2;

/// So many answers wait for a socket that does not read them.
const MAX_ANSWERS: usize = 2_048;

/// And so many bytes of them.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// What a full state says beside the order when answers before it were lost: what has none is to be sent again.
const ANSWERS_LOST: &str = r#","answersLost":true"#;

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
/// asks for it, and until it comes nothing is queued but answers. Those outlive the queue, and come after the
/// state, because that has what they are about. (Where a state cannot stand before all of them they are dropped: after a
/// state that seats the socket, a `join_first` from before would deny it.) So a reader that has stopped costs `limit` bytes or two frames, and
/// [`MAX_ANSWER_BYTES`] of answers, at most, and a frame's bytes are shared by all who wait for it. When there are
/// too many answers, all of them are dropped, and the state says so.
///
/// A socket that is closed before that state comes is sent no `ack` without it, only the refusals. It sends again what was
/// not answered.
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
    queue: VecDeque<Queued>,
    bytes: usize,
    /// How many of those in the queue are answers, and how many of the bytes are theirs.
    answers: usize,
    answer_bytes: usize,
    /// Whether answers were dropped. Further ones are dropped, too, until the socket is told.
    lost_answers: bool,
    lag: Lag,
    close: Option<CloseReason>,
    gone: bool,
    /// A ping came while nothing could be queued. However many did, one pong answers them.
    owes_pong: bool,
    /// Counts the messages of whoever the socket speaks as, on all their sockets.
    meter: Option<Arc<Meter>>,
}

#[derive(Debug)]
struct Queued {
    message: Pieces,
    kind: Kind,
}

/// What becomes of a message when there is no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The full state makes up for it.
    News,
    /// So it does for the state by which the socket got its seat.
    Seats,
    /// Nothing makes up for an `ack`, so it stays. It comes after what it is about.
    Ack,
    /// Nor for a refusal.
    Refusal,
    /// What was asked for, and may be large: it is dropped, and to be asked for again.
    Reply,
}

impl Kind {
    fn is_answer(self) -> bool {
        matches!(self, Self::Ack | Self::Refusal)
    }
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
        self.push_kind(message.into(), Kind::News);
    }

    /// Queues an `ack`, also when the socket lags behind.
    pub(crate) fn push_ack(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Ack);
    }

    /// Queues a refusal, also when the socket lags behind.
    pub(crate) fn push_refusal(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Refusal);
    }

    /// Queues what the socket has asked for. Should it be dropped, the socket is told to ask again.
    pub(crate) fn push_reply(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Reply);
    }

    fn push_kind(&self, message: Pieces, kind: Kind) {
        if self.has_expired() {
            // Whoever waits may not know yet that it has: the clock may have been set.
            return self.changed.notify_one();
        }
        let mut state = self.lock();
        state.push(message, kind, self.limit);
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
        state.push(PONG.into(), Kind::News, self.limit);
        state.owes_pong |= state.lag != Lag::None;
        drop(state);
        self.changed.notify_one();
    }

    /// Queues a message that carries the full state. It makes up for whatever the socket has missed, and takes
    /// the place of what waits, but for answers, if it, and one more as large (the other half of the answer to a join),
    /// do not fit beside that. It stands before the answers then, unless it is the one that `seats` the socket.
    pub(crate) fn push_state(&self, message: Pieces, seats: bool) {
        let mut state = self.lock();
        if state.gone || state.close.is_some() || self.has_expired() {
            return;
        }
        let fits = state.bytes.saturating_add(message.len().saturating_mul(ALWAYS_FIT)) <= self.limit;
        let misses = state.lag != Lag::None || (!fits && state.others() > 0);
        state.lag = Lag::None;
        if misses {
            state.lost_answers |= seats && state.answers > 0;
            state.drop_all_but_answers();
        }
        let message =
            if std::mem::take(&mut state.lost_answers) { message.with(ANSWERS_LOST) } else { message };
        state.bytes = state.bytes.saturating_add(message.len());
        let queued = Queued { message, kind: if seats { Kind::Seats } else { Kind::News } };
        if misses {
            // What is answered is in it.
            state.queue.push_front(queued);
        } else {
            state.queue.push_back(queued);
        }
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

    /// Notes that no state will make up for what the socket has missed: it goes on from here, with the refusal
    /// `instead` if that is needed: where it is not, only if answers were lost.
    pub(crate) fn forgo_state(&self, is_needed: bool, instead: impl FnOnce() -> String) {
        let mut state = self.lock();
        if state.queue.iter().any(|queued| queued.kind == Kind::Ack) {
            // What they are about is missing, and does not come any more.
            state.lose_answers();
        }
        state.lag = Lag::None;
        let lost_answers = std::mem::take(&mut state.lost_answers);
        drop(state);
        if is_needed || lost_answers {
            let instead = Pieces::from(instead());
            self.push_refusal(if lost_answers { instead.with(ANSWERS_LOST) } else { instead });
        }
        self.changed.notify_one();
    }

    /// Closes the socket once it has sent what waits, but for what waits for the full state.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.give_up_the_state();
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
        state.give_up_the_state();
        state.queue.push_back(Queued { message: last_words().into(), kind: Kind::News });
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
        // Answers wait for the state.
        let next = if state.lag == Lag::None { state.queue.pop_front() } else { None };
        let Some(Queued { message, kind }) = next else {
            if state.queue.is_empty() {
                // An idle socket keeps no room for a queue.
                state.queue = VecDeque::new();
            }
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
        if kind.is_answer() {
            state.answers = state.answers.saturating_sub(1);
            state.answer_bytes = state.answer_bytes.saturating_sub(message.len());
        }
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
    fn push(&mut self, message: Pieces, kind: Kind, limit: usize) {
        if self.gone || self.close.is_some() {
            return;
        }
        let would_wait = self.bytes.saturating_add(message.len());
        let would_answer = self.answer_bytes.saturating_add(message.len());
        match kind {
            // The socket will be told that answers are missing.
            Kind::Ack | Kind::Refusal if self.lost_answers => return,
            Kind::Ack | Kind::Refusal if self.answers >= MAX_ANSWERS || would_answer > MAX_ANSWER_BYTES => {
                return self.lose_answers();
            }
            Kind::Ack | Kind::Refusal => {
                if would_wait > limit && self.others() > ALWAYS_FIT {
                    self.fall_behind();
                }
                if self.lost_answers {
                    return;
                }
                self.answers = self.answers.saturating_add(1);
                self.answer_bytes = would_answer;
            }
            Kind::News | Kind::Seats if self.lag != Lag::None => return,
            Kind::Reply if self.lag != Lag::None => return self.lose_answers(),
            Kind::News | Kind::Seats | Kind::Reply => {
                if would_wait > limit && self.others() >= ALWAYS_FIT {
                    self.fall_behind();
                    if kind == Kind::Reply {
                        self.lose_answers();
                    }
                    return;
                }
            }
        }
        self.bytes = self.bytes.saturating_add(message.len());
        self.queue.push_back(Queued { message, kind });
    }

    /// How many messages wait that are no answers.
    fn others(&self) -> usize {
        self.queue.len().saturating_sub(self.answers)
    }

    /// From now on the full state is needed.
    fn fall_behind(&mut self) {
        if self.lag == Lag::None {
            self.lag = Lag::Missed;
        }
        self.drop_all_but_answers();
    }

    /// Drops the answers, too. The full state tells the socket so.
    fn lose_answers(&mut self) {
        self.lost_answers = true;
        self.fall_behind();
    }

    /// Drops each `ack` that waits for the full state, because no state comes before a close: what it is about is never shown.
    fn give_up_the_state(&mut self) {
        if self.lag == Lag::None {
            return;
        }
        self.lag = Lag::None;
        // Nothing but answers waits for a state.
        self.queue.retain(|queued| queued.kind == Kind::Refusal);
        self.answers = self.queue.len();
        self.answer_bytes = self.queue.iter().map(|queued| queued.message.len()).sum();
        self.bytes = self.answer_bytes;
    }

    /// Drops what waits, but for answers, unless they are lost or some are from before the socket was seated, and for a
    /// pong: nothing else is as short.
    fn drop_all_but_answers(&mut self) {
        self.owes_pong |= self.queue.iter().any(|queued| queued.message.len() == PONG.len());
        self.lost_answers |= self.queue.iter().any(|queued| queued.kind == Kind::Reply);
        let before_seated = self.queue.iter().rposition(|queued| queued.kind == Kind::Seats).unwrap_or(0);
        self.lost_answers |= self.queue.iter().take(before_seated).any(|queued| queued.kind.is_answer());
        if self.lost_answers {
            self.queue = VecDeque::new();
            (self.answers, self.answer_bytes) = (0, 0);
        } else {
            self.queue.retain(|queued| queued.kind.is_answer());
            self.queue.shrink_to_fit();
        }
        self.bytes = self.answer_bytes;
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
        outbox.forgo_state(false, || panic!("no answer was lost"));
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
        outbox.push_state(states[0].into(), false);
        outbox.push(states[1]);
        outbox.push_ack("an ack");
        for expected in [states[0], states[1], "an ack"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        outbox.push_state(states[0].into(), false);
        outbox.push(states[1]);
        outbox.push("another");
        assert!(matches!(outbox.take(), Taken::NeedsSync), "more is too much");
    }

    #[test]
    fn answers_outlive_the_queue_and_come_after_the_state_in_order() {
        let outbox = Outbox::new(10, None);
        outbox.push("12345");
        outbox.push_ack("ack 1");
        outbox.push("12345");
        outbox.push("12345");
        outbox.push_ack("ack 2");
        assert!(matches!(outbox.take(), Taken::NeedsSync), "they wait for the state");
        outbox.sync_is_asked();
        outbox.push_ack("ack 3");
        outbox.push("too early");
        assert!(matches!(outbox.take(), Taken::Nothing));
        outbox.push_state("{\"seq\":3}".into(), false);
        outbox.push("next");
        for expected in ["{\"seq\":3}", "ack 1", "ack 2", "ack 3", "next"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Nothing));
    }

    #[test]
    fn answers_from_before_a_socket_was_seated_never_come_after_the_state_that_seats_it() {
        let seats = "{\"seq\":3}";
        // It has missed nothing, so all comes in order.
        let outbox = Outbox::new(10, None);
        outbox.push_refusal("join first");
        outbox.push_state(seats.into(), true);
        outbox.push_ack("ack");
        for expected in ["join first", seats, "ack"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        // It has fallen behind before it is seated.
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.push_ack("ack");
        outbox.push_refusal("join first");
        outbox.push_state(seats.into(), true);
        assert_eq!(text(&outbox).unwrap(), "{\"seq\":3,\"answersLost\":true}");
        assert!(matches!(outbox.take(), Taken::Nothing));
        // And after it.
        for joins_first in [true, false] {
            outbox.push_refusal("join first");
            if joins_first {
                outbox.push_state(seats.into(), true);
            }
            for _ in 0..3 {
                outbox.push("12345");
            }
            outbox.push_ack("ack");
            outbox.push_state("{\"seq\":4}".into(), false);
            let expected = if joins_first {
                vec!["{\"seq\":4,\"answersLost\":true}"]
            } else {
                vec!["{\"seq\":4}", "join first", "ack"]
            };
            for expected in expected {
                assert_eq!(text(&outbox).unwrap(), expected);
            }
            assert!(matches!(outbox.take(), Taken::Nothing));
        }
    }

    #[test]
    fn an_ack_of_what_is_never_shown_is_lost() {
        let outbox = Outbox::new(10, None);
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.push_ack("ack");
        outbox.forgo_state(true, || "{\"type\":\"error\"}".to_owned());
        assert_eq!(text(&outbox).unwrap(), "{\"type\":\"error\",\"answersLost\":true}");
    }

    #[test]
    fn a_state_that_takes_the_place_of_the_queue_leaves_the_answers_in_it() {
        let outbox = Outbox::new(20, None);
        outbox.push("12345");
        outbox.push_ack("ack 1");
        outbox.push("12345");
        outbox.push_state("{\"seq\":3}".into(), false);
        for expected in ["{\"seq\":3}", "ack 1"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Nothing));
    }

    #[test]
    fn a_close_before_the_state_gives_the_refusals_that_waited_for_it_and_no_ack() {
        for has_last_words in [false, true] {
            let outbox = Outbox::new(10, None);
            for _ in 0..3 {
                outbox.push("12345");
                outbox.push_ack("ack");
                outbox.push_refusal("no");
            }
            assert!(matches!(outbox.take(), Taken::NeedsSync));
            if has_last_words {
                outbox.end(CloseReason::Restart, || "last words".to_owned());
            } else {
                outbox.close(CloseReason::Restart);
            }
            for expected in ["no"; 3].into_iter().chain(has_last_words.then_some("last words")) {
                assert_eq!(text(&outbox).unwrap(), expected);
            }
            assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
        }
    }

    #[test]
    fn a_close_gives_all_answers_to_a_reader_that_keeps_up() {
        let outbox = Outbox::new(100, None);
        outbox.push("12345");
        outbox.push_ack("ack");
        outbox.push_refusal("no");
        outbox.close(CloseReason::Restart);
        for expected in ["12345", "ack", "no"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
    }

    #[test]
    fn too_many_answers_are_all_dropped_and_the_state_says_so_once() {
        let long = "x".repeat(MAX_ANSWER_BYTES / 4);
        for (answer, fit) in [("an ack", MAX_ANSWERS), (long.as_str(), 4)] {
            let outbox = Outbox::new(1 << 20, None);
            for _ in 0..fit {
                outbox.push_ack(answer.to_owned());
            }
            assert_eq!(outbox.lock().queue.len(), fit);
            outbox.push_ack(answer.to_owned());
            assert!(matches!(outbox.take(), Taken::NeedsSync));
            outbox.push_ack("after the loss");
            outbox.push_state("{\"seq\":3}".into(), false);
            outbox.push_ack("after the state");
            outbox.push_state("{\"seq\":4}".into(), false);
            let lost = "{\"seq\":3,\"answersLost\":true}";
            for expected in [lost, "after the state", "{\"seq\":4}"] {
                assert_eq!(text(&outbox).unwrap(), expected);
            }
            assert!(matches!(outbox.take(), Taken::Nothing));
        }
    }

    #[test]
    fn where_there_is_no_state_the_refusal_in_its_place_says_that_answers_are_lost() {
        let outbox = Outbox::new(10, None);
        for _ in 0..=MAX_ANSWERS {
            outbox.push_refusal("no");
        }
        assert!(matches!(outbox.take(), Taken::NeedsSync));
        outbox.forgo_state(false, || "{\"type\":\"error\"}".to_owned());
        assert_eq!(text(&outbox).unwrap(), "{\"type\":\"error\",\"answersLost\":true}");
        outbox.push_ack("next");
        assert_eq!(text(&outbox).unwrap(), "next");
    }

    #[test]
    fn what_was_asked_for_and_is_dropped_is_to_be_asked_for_again() {
        for is_late in [false, true] {
            let outbox = Outbox::new(10, None);
            if !is_late {
                outbox.push_reply("a bill");
            }
            for _ in 0..3 {
                outbox.push("12345");
            }
            outbox.push_ack("an ack");
            if is_late {
                outbox.push_reply("a bill");
            }
            outbox.push_state("{\"seq\":3}".into(), false);
            assert_eq!(text(&outbox).unwrap(), "{\"seq\":3,\"answersLost\":true}");
            assert!(matches!(outbox.take(), Taken::Nothing));
        }
    }

    /// However they come, a socket that does not read costs no more than is said.
    #[test]
    fn what_waits_is_bounded_whatever_comes() {
        let limit = 4 * MAX_ANSWER_BYTES;
        let outbox = Outbox::new(limit, None);
        let message = Bytes::from(vec![b'x'; 1_000]);
        for number in 0_usize..20_000 {
            match number.wrapping_mul(7_919) % 11 {
                0..=4 => outbox.push(message.clone()),
                5..=8 => outbox.push_ack(message.slice(..100 + number % 100)),
                9 => outbox.push_reply(message.clone()),
                _ if number % 50 == 0 => outbox.push_state(message.clone().into(), false),
                _ => outbox.pong(),
            }
            let state = outbox.lock();
            let sum = |kind: Option<Kind>| {
                let queue = state.queue.iter().filter(|queued| kind.is_none_or(|kind| queued.kind == kind));
                queue.map(|queued| queued.message.len()).sum::<usize>()
            };
            assert_eq!((state.bytes, state.answer_bytes), (sum(None), sum(Some(Kind::Ack))));
            assert!(state.bytes <= limit && state.answer_bytes <= MAX_ANSWER_BYTES);
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
        outbox.push_state("a state that comes too late".into(), false);
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
        outbox.push_state("a state that would take the place of what waits".into(), false);
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
            outbox.push_state("a state of later".into(), false);
            outbox.push("later");
            outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
            outbox.push_state("a state of even later".into(), false);
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
        outbox.push_state("a state".into(), false);
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
