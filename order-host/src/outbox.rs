//! What waits to be sent to one socket: bounded, and never in the room's way.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use order_core::ParticipantId;
use order_core::wire::Frame;
use tokio::sync::Notify;

/// So many messages may wait however large they are: the answer to a join is two, each with the full state.
const ALWAYS_FIT: usize = 2;

/// Something for a socket to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// Send this text message; the bytes are UTF-8.
    Text(Bytes),
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
}

/// A socket's queue. The room pushes and never waits; the socket takes at its own speed.
///
/// Once more than `limit` bytes wait, the queue is dropped and the socket needs the full state instead: it
/// asks for it when it has sent what it had, and until then nothing is queued. So a reader that has stopped
/// costs `limit` bytes or two frames at most, and a frame's bytes are shared by all who wait for it.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Entry>,
    bytes: usize,
    lag: Lag,
    close: Option<CloseReason>,
    gone: bool,
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

#[derive(Debug)]
enum Entry {
    /// Encoded once for the table; the viewer's own phone number is put in when it is sent.
    Shared(Arc<Frame>, ParticipantId),
    Own(Bytes),
}

/// What [`Outbox::take`] found.
pub(crate) enum Taken {
    Outgoing(Outgoing),
    /// The full state is needed before anything else.
    NeedsSync,
    Nothing,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), limit }
    }

    /// Queues a message for the table, unless the socket lags behind or is gone.
    pub(crate) fn push_frame(&self, frame: &Arc<Frame>, viewer: &ParticipantId) {
        self.push(frame.text().len(), || Entry::Shared(frame.clone(), viewer.clone()));
    }

    /// Queues a message for this socket alone.
    pub(crate) fn push_text(&self, text: impl Into<Bytes>) {
        let text = text.into();
        self.push(text.len(), || Entry::Own(text));
    }

    /// Queues a message that carries the full state. It makes up for whatever the socket has missed, and takes
    /// the place of what waits if it, and one more as large (the other half of the answer to a join), do not
    /// fit beside that.
    pub(crate) fn push_state(&self, frame: &Arc<Frame>, viewer: &ParticipantId) {
        self.make_up(frame.text().len());
        self.push_frame(frame, viewer);
    }

    /// As [`Outbox::push_state`], for a text that is the same for everybody.
    pub(crate) fn push_state_text(&self, text: Bytes) {
        self.make_up(text.len());
        self.push_text(text);
    }

    /// Makes room for a message of so many bytes that makes up for what was missed.
    fn make_up(&self, bytes: usize) {
        let mut state = self.lock();
        state.lag = Lag::None;
        if state.bytes.saturating_add(bytes.saturating_mul(ALWAYS_FIT)) > self.limit {
            state.clear();
        }
    }

    /// Whether the socket has missed something and waits for the full state.
    pub(crate) fn lags(&self) -> bool {
        self.lock().lag != Lag::None
    }

    /// Notes that there is nothing that could make up for what the socket has missed: it goes on from here.
    pub(crate) fn forgo_state(&self) {
        self.lock().lag = Lag::None;
    }

    fn push(&self, bytes: usize, entry: impl FnOnce() -> Entry) {
        let mut state = self.lock();
        if state.gone || state.close.is_some() || state.lag != Lag::None {
            return;
        }
        let would_wait = state.bytes.saturating_add(bytes);
        if would_wait > self.limit && state.queue.len() >= ALWAYS_FIT {
            state.clear();
            state.lag = Lag::Missed;
        } else {
            state.bytes = would_wait;
            state.queue.push_back(entry());
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Closes the socket once it has sent what waits.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.close = state.close.or(Some(reason));
        drop(state);
        self.changed.notify_one();
    }

    /// Notes that the socket is gone: nothing is queued any more.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        *state = State { gone: true, ..State::default() };
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
        let Some(entry) = state.queue.pop_front() else {
            // An idle socket keeps no room for a queue.
            state.queue = VecDeque::new();
            return match (state.close, state.lag) {
                (Some(reason), _) => Taken::Outgoing(Outgoing::Close(reason)),
                (None, Lag::Missed) => Taken::NeedsSync,
                (None, Lag::None | Lag::Asked) => Taken::Nothing,
            };
        };
        state.bytes = state.bytes.saturating_sub(entry.len());
        drop(state);
        Taken::Outgoing(Outgoing::Text(entry.into_bytes()))
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
    /// Drops what waits.
    fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
    }
}

impl Entry {
    fn len(&self) -> usize {
        match self {
            Self::Shared(frame, _) => frame.text().len(),
            Self::Own(text) => text.len(),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Own(text) => text,
            Self::Shared(frame, viewer) => {
                let own = match frame.text_for(&viewer) {
                    Cow::Owned(own) => Some(own),
                    Cow::Borrowed(_) => None,
                };
                own.map_or_else(|| Bytes::from_owner(SharedText(frame)), Bytes::from)
            }
        }
    }
}

/// Lets many sockets send one text without a copy.
struct SharedText(Arc<Frame>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.0.text().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outbox: &Outbox) -> Option<Bytes> {
        match outbox.take() {
            Taken::Outgoing(Outgoing::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn a_reader_that_falls_behind_needs_the_full_state() {
        let outbox = Outbox::new(10);
        for _ in 0..3 {
            outbox.push_text("12345");
        }
        assert!(matches!(outbox.take(), Taken::NeedsSync));
        outbox.push_text("late");
        outbox.sync_is_asked();
        assert!(matches!(outbox.take(), Taken::Nothing), "nothing is queued until the full state comes");
    }

    #[test]
    fn after_a_loss_that_nothing_makes_up_for_messages_come_again() {
        let outbox = Outbox::new(10);
        for _ in 0..3 {
            outbox.push_text("12345");
        }
        outbox.forgo_state();
        assert!(matches!(outbox.take(), Taken::Nothing));
        outbox.push_text("next");
        assert_eq!(text(&outbox).unwrap(), "next");
    }

    #[test]
    fn two_messages_pass_however_large_they_are() {
        let outbox = Outbox::new(10);
        outbox.push_text("longer than ten bytes");
        outbox.push_text("also longer than ten bytes");
        assert_eq!(text(&outbox).unwrap(), "longer than ten bytes");
        assert_eq!(text(&outbox).unwrap(), "also longer than ten bytes");
        for _ in 0..3 {
            outbox.push_text("123");
        }
        assert_eq!(text(&outbox).unwrap(), "123", "what was taken no longer counts");
    }

    #[test]
    fn a_close_comes_after_what_was_queued_and_ends_it() {
        let outbox = Outbox::new(100);
        outbox.push_text("last words");
        outbox.close(CloseReason::Restart);
        outbox.close(CloseReason::Unavailable);
        outbox.push_text("too late");
        assert_eq!(text(&outbox).unwrap(), "last words");
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
    }

    #[test]
    fn an_abandoned_outbox_holds_nothing() {
        let outbox = Outbox::new(100);
        outbox.push_text("queued");
        outbox.abandon();
        outbox.push_text("more");
        assert!(matches!(outbox.take(), Taken::Nothing));
    }
}
