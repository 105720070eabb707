//! Messages that a socket sends before its first `join`, and that wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many messages of a socket wait for its `join`. One more is refused at once.
const MAX_MESSAGES: usize = 64;

/// How many bytes of them, as received.
const MAX_BYTES: usize = 256 * 1024;

/// How long they wait, counted from the first of them.
const PATIENCE: Duration = Duration::from_secs(1);

/// The messages that a socket sent before its first `join`.
///
/// A client library that reconnects automatically sends what it queued while offline before
/// the page can send a `join`. The texts are kept undecoded, because a decoded message may
/// be many times as large.
#[derive(Debug, Default)]
pub(crate) struct BeforeJoin(Mutex<State>);

#[derive(Debug)]
enum State {
    /// The first `join` has not come.
    Waits(Option<Box<Held>>),
    /// It has come, or is not needed.
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Waits(None)
    }
}

#[derive(Debug)]
struct Held {
    texts: Vec<Box<str>>,
    bytes: usize,
    /// When they are given up. `None`: they wait for a seat.
    until: Option<Instant>,
}

impl BeforeJoin {
    /// Returns whether the first `join` has come, or is not needed.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.lock(), State::Over)
    }

    /// Keeps a message until the `join` comes. Returns whether there is room for it.
    pub(crate) fn keep(&self, text: &str) -> bool {
        self.keep_until(text, Some(patience_ends()))
    }

    /// Keeps a message until a returning participant is seated. Returns whether there is room
    /// for it.
    pub(crate) fn keep_for_seat(&self, text: &str) -> bool {
        self.keep_until(text, None)
    }

    fn keep_until(&self, text: &str, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        let State::Waits(held) = &mut *state else { return false };
        let held = held.get_or_insert_with(|| Box::new(Held { texts: Vec::new(), bytes: 0, until }));
        let bytes = held.bytes.saturating_add(text.len());
        let fits = held.texts.len() < MAX_MESSAGES && bytes <= MAX_BYTES;
        if fits {
            held.bytes = bytes;
            held.texts.push(text.into());
        }
        fits
    }

    /// Ends the wait, because the `join` has come or is not needed. Returns the kept messages,
    /// in order.
    pub(crate) fn end(&self) -> Vec<Box<str>> {
        match std::mem::replace(&mut *self.lock(), State::Over) {
            State::Waits(held) => held.map_or_else(Vec::new, |held| held.texts),
            State::Over => Vec::new(),
        }
    }

    /// Returns whether something waits for a seat.
    pub(crate) fn waits_for_seat(&self) -> bool {
        matches!(&*self.lock(), State::Waits(Some(held)) if held.until.is_none())
    }

    /// Makes what waits for a seat wait for a `join`, because there is no seat.
    pub(crate) fn wait_for_join(&self) {
        if let State::Waits(Some(held)) = &mut *self.lock() {
            held.until.get_or_insert_with(patience_ends);
        }
    }

    /// Passes on the first message that waits for a seat. Returns whether more may follow; when
    /// none is left, the wait is over.
    pub(crate) fn hand_over_first(&self, hand_over: impl FnOnce(&str)) -> bool {
        let mut state = self.lock();
        let State::Waits(Some(held)) = &mut *state else { return false };
        if held.texts.is_empty() {
            *state = State::Over;
            return false;
        }
        // Under the lock, so that no message overtakes another.
        hand_over(&held.texts.remove(0));
        true
    }

    /// Removes and returns what has waited too long, in order. Later messages wait the full
    /// time again.
    pub(crate) fn give_up(&self) -> Vec<Box<str>> {
        match &mut *self.lock() {
            State::Waits(held) => {
                let late = held.take_if(|held| held.until.is_some_and(|until| Instant::now() >= until));
                late.map_or_else(Vec::new, |held| held.texts)
            }
            State::Over => Vec::new(),
        }
    }

    /// Waits until something has waited too long; forever if nothing waits. Cancel-safe.
    pub(crate) async fn passes(&self) {
        let until = match &*self.lock() {
            State::Waits(held) => held.as_ref().and_then(|held| held.until),
            State::Over => None,
        };
        match until {
            // Boxed: most sockets never wait for it.
            Some(until) => Box::pin(sleep_until(until)).await,
            None => std::future::pending().await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn patience_ends() -> Instant {
    let now = Instant::now();
    now.checked_add(PATIENCE).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn messages_wait_up_to_their_number_and_their_bytes() {
        let (many, large) = (BeforeJoin::default(), BeforeJoin::default());
        for number in 0..MAX_MESSAGES {
            assert!(many.keep(&number.to_string()));
        }
        assert!(!many.keep("one more"));
        assert!(large.keep(&"x".repeat(MAX_BYTES - 1)));
        assert!(!large.keep("xx"));
        assert!(large.keep("x"), "what does not fit takes no place");
        let texts = many.end();
        assert!(texts.iter().enumerate().all(|(number, text)| **text == number.to_string()));
        assert_eq!((texts.len(), large.end().len()), (MAX_MESSAGES, 2));
        assert!(!many.keep("later") && many.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_is_counted_from_the_first_message_and_begins_again_after_it() {
        let before = BeforeJoin::default();
        for _ in 0..2 {
            before.keep("first");
            tokio::time::sleep(PATIENCE / 2).await;
            before.keep("second");
            assert!(before.give_up().is_empty());
            before.passes().await;
            assert_eq!(before.give_up(), ["first".into(), "second".into()]);
            assert!(before.give_up().is_empty());
        }
        assert!(!before.is_over() && before.end().is_empty());
        assert!(tokio::time::timeout(PATIENCE * 9, before.passes()).await.is_err(), "nothing waits");
    }
}
