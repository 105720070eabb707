//! The queue in an outbox: which messages stay, and which the full state makes up for.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::connection::outgoing::CloseReason;
use crate::connection::pieces::Pieces;
use crate::limits::pace::Meter;

/// How many messages may wait whatever their size: the answer to a join is two, each with
/// the full state.
pub(super) const ALWAYS_FIT: usize = 2;

/// How many answers may wait for a socket that does not read them.
pub(super) const MAX_ANSWERS: usize = 2_048;

/// How many bytes of answers may wait.
pub(super) const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// The answer to the text `ping`.
pub(super) const PONG: &str = "pong";

/// What waits for a socket, and what it has missed.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) messages: VecDeque<Queued>,
    pub(super) bytes: usize,
    /// How many queued messages are answers, and how many bytes those have.
    pub(super) answers: usize,
    pub(super) answer_bytes: usize,
    /// Whether answers were dropped. Further answers are dropped too, until the socket is told.
    pub(super) lost_answers: bool,
    pub(super) lag: Lag,
    pub(super) close: Option<CloseReason>,
    pub(super) gone: bool,
    /// A ping came while nothing could be queued. One pong answers any number of them.
    pub(super) owes_pong: bool,
    /// Counts the messages of this participant, on all their sockets.
    pub(super) meter: Option<Arc<Meter>>,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) message: Pieces,
    pub(super) kind: Kind,
}

/// Decides what happens to a message that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The full state replaces it.
    News,
    /// The state that seats the socket; a later full state replaces it too.
    Seats,
    /// An `ack` cannot be replaced, so it stays. It follows the change that it acknowledges.
    Ack,
    /// A refusal cannot be replaced either.
    Refusal,
    /// The reply to a request, which may be large. It is dropped, and the client has to ask
    /// again.
    Reply,
}

impl Kind {
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::Ack | Self::Refusal)
    }
}

/// Whether the socket has missed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Lag {
    #[default]
    None,
    /// It has, and the room has not been asked for the full state.
    Missed,
    /// It has, and the room was asked for the full state.
    Asked,
}

impl Queue {
    /// Adds a message, unless the socket lags behind or there is no room: then the full state is needed.
    pub(super) fn push(&mut self, message: Pieces, kind: Kind, limit: usize) {
        if self.gone || self.close.is_some() {
            return;
        }
        let would_wait = self.bytes.saturating_add(message.len());
        let would_answer = self.answer_bytes.saturating_add(message.len());
        match kind {
            // The state will tell the socket that answers are missing.
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
        self.messages.push_back(Queued { message, kind });
    }

    /// Returns how many queued messages are not answers.
    pub(super) fn others(&self) -> usize {
        self.messages.len().saturating_sub(self.answers)
    }

    /// Marks that the full state is needed from now on.
    pub(super) fn fall_behind(&mut self) {
        if self.lag == Lag::None {
            self.lag = Lag::Missed;
        }
        self.drop_all_but_answers();
    }

    /// Drops the answers too. The full state tells the socket.
    pub(super) fn lose_answers(&mut self) {
        self.lost_answers = true;
        self.fall_behind();
    }

    /// Drops each `ack` that waits for the full state. No state comes before a close, so what the `ack` is about would never
    /// be shown.
    pub(super) fn give_up_the_state(&mut self) {
        if self.lag == Lag::None {
            return;
        }
        self.lag = Lag::None;
        // Nothing but answers waits for a state.
        self.messages.retain(|queued| queued.kind == Kind::Refusal);
        self.answers = self.messages.len();
        self.answer_bytes = self.messages.iter().map(|queued| queued.message.len()).sum();
        self.bytes = self.answer_bytes;
    }

    /// Drops the queue except the answers. It drops those too if some were lost or some precede
    /// the state that seats the socket. A dropped pong is still owed: no other message is as
    /// short.
    pub(super) fn drop_all_but_answers(&mut self) {
        self.owes_pong |= self.messages.iter().any(|queued| queued.message.len() == PONG.len());
        self.lost_answers |= self.messages.iter().any(|queued| queued.kind == Kind::Reply);
        let before_seated = self.messages.iter().rposition(|queued| queued.kind == Kind::Seats).unwrap_or(0);
        self.lost_answers |= self.messages.iter().take(before_seated).any(|queued| queued.kind.is_answer());
        if self.lost_answers {
            self.messages = VecDeque::new();
            (self.answers, self.answer_bytes) = (0, 0);
        } else {
            self.messages.retain(|queued| queued.kind.is_answer());
            self.messages.shrink_to_fit();
        }
        self.bytes = self.answer_bytes;
    }
}
