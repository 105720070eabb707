//! The end of a sign-in, which closes a connection that is still open.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use order_core::UnixMillis;
use tokio::time::{Sleep, sleep};

use crate::Clock;

/// The clock may be set while a task waits, so it is read again after this long at the
/// latest.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A moment by the host's clock, and the timer that waits for it.
///
/// Once it has passed, it stays passed, wherever the clock is set: otherwise messages that
/// were held back would be sent after all. The timer is kept from one wait to the next: a
/// busy socket stops waiting thousands of times a second.
pub(crate) struct Expiry {
    at: UnixMillis,
    clock: Arc<dyn Clock>,
    passed: AtomicBool,
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiry").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Expiry {
    pub(crate) fn new(at: UnixMillis, clock: Arc<dyn Clock>) -> Self {
        Self { at, clock, passed: AtomicBool::new(false), alarm: Mutex::default() }
    }

    pub(crate) fn has_passed(&self) -> bool {
        if self.passed.load(Ordering::Relaxed) {
            return true;
        }
        let passed = self.clock.now() >= self.at;
        if passed {
            self.passed.store(true, Ordering::Relaxed);
        }
        passed
    }

    /// Waits until it has passed. Cancel-safe; for one task at a time.
    pub(crate) async fn passes(&self) {
        poll_fn(|context| {
            // Nothing panics while it holds the lock.
            let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if self.has_passed() {
                    return Poll::Ready(());
                }
                let left = self.at.get().saturating_sub(self.clock.now().get());
                let left = Duration::from_millis(left).min(LOOK_AGAIN);
                let set = alarm.get_or_insert_with(|| Box::pin(sleep(left)));
                if set.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                *alarm = None;
            }
        })
        .await;
    }
}
