//! The bounded queue of messages to one socket; the room never waits for it.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::connection::expiry::Expiry;
use crate::connection::outgoing::{CloseReason, Outgoing};
use crate::connection::pieces::Pieces;
use crate::limits::pace::{Meter, TooFast};
use queue::{ALWAYS_FIT, Kind, Lag, PONG, Queue, Queued};

/// Added to a full state when earlier answers were lost: the client sends again what was
/// not answered.
const ANSWERS_LOST: &str = r#","answersLost":true"#;

/// A socket's queue. The room pushes and never waits; the socket takes at its own speed.
///
/// Once more than `limit` bytes wait, the queue is dropped and the socket needs the full state instead: it
/// asks for it, and until it comes nothing is queued but answers. Those outlive the queue, and come after the
/// state, because that has what they are about. (Where a state cannot stand before all of them they are dropped: after a
/// state that seats the socket, a `join_first` from before would deny it.) So a reader that has stopped costs `limit` bytes or two frames, and
/// [`MAX_ANSWER_BYTES`](queue::MAX_ANSWER_BYTES) of answers, at most, and a frame's bytes are shared by all who wait for it. When there are
/// too many answers, all of them are dropped, and the state says so.
///
/// A socket that is closed before that state comes is sent no `ack` without it, only the refusals. It sends again what was
/// not answered.
///
/// Once the sign-in has ended, nothing is queued but the last words. What was queued before may still be sent, however
/// late the socket takes it.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
    limit: usize,
    /// The end of the sign-in, if it has one.
    expiry: Option<Arc<Expiry>>,
}

/// The result of [`Outbox::take`].
pub(crate) enum Taken {
    Outgoing(Outgoing),
    /// The full state is needed before anything else.
    NeedsSync,
    Nothing,
}

impl Outbox {
    pub(crate) fn new(limit: usize, expiry: Option<Arc<Expiry>>) -> Self {
        Self { queue: Mutex::default(), changed: Notify::new(), limit, expiry }
    }

    /// Returns whether the sign-in has ended, so that nothing newer may be sent.
    fn has_expired(&self) -> bool {
        self.expiry.as_ref().is_some_and(|expiry| expiry.has_passed())
    }

    /// Queues a message, unless the socket lags behind, is gone, or its sign-in has ended.
    pub(crate) fn push(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::News);
    }

    /// Queues an `ack`, even when the socket lags behind.
    pub(crate) fn push_ack(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Ack);
    }

    /// Queues a refusal, even when the socket lags behind.
    pub(crate) fn push_refusal(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Refusal);
    }

    /// Queues the reply to a request. If it has to be dropped, the socket is told to ask again.
    pub(crate) fn push_reply(&self, message: impl Into<Pieces>) {
        self.push_kind(message.into(), Kind::Reply);
    }

    fn push_kind(&self, message: Pieces, kind: Kind) {
        if self.has_expired() {
            // The waiting task may not know yet that it has ended: the clock may have been set.
            return self.changed.notify_one();
        }
        let mut queue = self.lock();
        queue.push(message, kind, self.limit);
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues the answer to a ping, after everything queued before it. It is answered even
    /// where messages are dropped: the client wants to know whether the connection is alive.
    pub(crate) fn pong(&self) {
        let mut queue = self.lock();
        if queue.gone || queue.close.is_some() || self.has_expired() {
            return;
        }
        queue.push(PONG.into(), Kind::News, self.limit);
        queue.owes_pong |= queue.lag != Lag::None;
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues a message that carries the full state, which replaces whatever the socket has
    /// missed. It also replaces the queue except answers, if it and a second message of the
    /// same size (the other half of the answer to a join) do not fit beside the queue. It then
    /// precedes the answers, unless it `seats` the socket.
    pub(crate) fn push_state(&self, message: Pieces, seats: bool) {
        let mut queue = self.lock();
        if queue.gone || queue.close.is_some() || self.has_expired() {
            return;
        }
        let fits = queue.bytes.saturating_add(message.len().saturating_mul(ALWAYS_FIT)) <= self.limit;
        let misses = queue.lag != Lag::None || (!fits && queue.others() > 0);
        queue.lag = Lag::None;
        if misses {
            queue.lost_answers |= seats && queue.answers > 0;
            queue.drop_all_but_answers();
        }
        let message =
            if std::mem::take(&mut queue.lost_answers) { message.with(ANSWERS_LOST) } else { message };
        queue.bytes = queue.bytes.saturating_add(message.len());
        let queued = Queued { message, kind: if seats { Kind::Seats } else { Kind::News } };
        if misses {
            // It contains what the answers are about.
            queue.messages.push_front(queued);
        } else {
            queue.messages.push_back(queued);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// From now on counts the socket's messages together with those of its participant's other
    /// sockets.
    pub(crate) fn count_with(&self, meter: Option<Arc<Meter>>) {
        self.lock().meter = meter;
    }

    /// Counts one message. Fails if it exceeds the rate limit.
    pub(crate) fn count_message(&self) -> Result<(), TooFast> {
        self.lock().meter.as_ref().map_or(Ok(()), |meter| meter.count())
    }

    /// Returns whether the socket has missed something and waits for the full state.
    pub(crate) fn lags(&self) -> bool {
        self.lock().lag != Lag::None
    }

    /// Notes that no state will replace what the socket has missed: the socket continues from
    /// here. It is sent the refusal `instead` if that `is_needed`, or if answers were lost.
    pub(crate) fn forgo_state(&self, is_needed: bool, instead: impl FnOnce() -> String) {
        let mut queue = self.lock();
        if queue.messages.iter().any(|queued| queued.kind == Kind::Ack) {
            // The changes that they acknowledge were dropped, and are not sent any more.
            queue.lose_answers();
        }
        queue.lag = Lag::None;
        let lost_answers = std::mem::take(&mut queue.lost_answers);
        drop(queue);
        if is_needed || lost_answers {
            let instead = Pieces::from(instead());
            self.push_refusal(if lost_answers { instead.with(ANSWERS_LOST) } else { instead });
        }
        self.changed.notify_one();
    }

    /// Closes the socket once it has sent what waits, but for what waits for the full state.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut queue = self.lock();
        queue.give_up_the_state();
        queue.close = queue.close.or(Some(reason));
        drop(queue);
        self.changed.notify_one();
    }

    /// Closes the socket once it has sent what waits and, after that, `last_words`. They are
    /// sent even if it has missed something, which is not sent any more.
    pub(crate) fn end(&self, reason: CloseReason, last_words: impl FnOnce() -> String) {
        let mut queue = self.lock();
        if queue.gone || queue.close.is_some() {
            return;
        }
        queue.give_up_the_state();
        queue.messages.push_back(Queued { message: last_words().into(), kind: Kind::News });
        queue.close = Some(reason);
        drop(queue);
        self.changed.notify_one();
    }

    /// Notes that the socket is gone: nothing is queued any more.
    pub(crate) fn abandon(&self) {
        let mut queue = self.lock();
        *queue = Queue { gone: true, ..Queue::default() };
    }

    /// Returns whether the socket is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().gone
    }

    /// Notes that the room was asked for the full state.
    pub(crate) fn sync_is_asked(&self) {
        let mut queue = self.lock();
        if queue.lag == Lag::Missed {
            queue.lag = Lag::Asked;
        }
    }

    /// Takes the next message.
    pub(crate) fn take(&self) -> Taken {
        let mut queue = self.lock();
        // Answers wait for the state.
        let next = if queue.lag == Lag::None { queue.messages.pop_front() } else { None };
        let Some(Queued { message, kind }) = next else {
            if queue.messages.is_empty() {
                // Frees the queue's memory: most sockets are idle.
                queue.messages = VecDeque::new();
            }
            if std::mem::take(&mut queue.owes_pong) {
                return Taken::Outgoing(Outgoing::Text(PONG.into()));
            }
            return match (queue.close, queue.lag) {
                (Some(reason), _) => Taken::Outgoing(Outgoing::Close(reason)),
                (None, Lag::Missed) => Taken::NeedsSync,
                (None, Lag::None | Lag::Asked) => Taken::Nothing,
            };
        };
        queue.bytes = queue.bytes.saturating_sub(message.len());
        if kind.is_answer() {
            queue.answers = queue.answers.saturating_sub(1);
            queue.answer_bytes = queue.answer_bytes.saturating_sub(message.len());
        }
        Taken::Outgoing(Outgoing::Text(message))
    }

    /// Waits until something may have changed since the last [`Outbox::take`].
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes the task that waits for a change.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code panics while it holds the lock, and the state is consistent between any two
        // statements.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
