//! The end of a sign-in, which a connection that lives on must notice.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use order_core::UnixMillis;
use tokio::time::{Sleep, sleep};

use crate::Clock;

/// The clock may be set while somebody waits; so it is looked at again after this long at the latest.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A moment by the host's clock, and the alarm that is set for it.
///
/// The alarm stays set from one wait to the next: a busy socket stops waiting thousands of times a second.
#[derive(Debug)]
pub(crate) struct Expiry {
    at: UnixMillis,
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl Expiry {
    pub(crate) fn new(at: UnixMillis) -> Self {
        Self { at, alarm: Mutex::default() }
    }

    pub(crate) fn has_passed(&self, clock: &dyn Clock) -> bool {
        clock.now() >= self.at
    }

    /// Waits until it has passed. Cancel-safe; for one task at a time.
    pub(crate) async fn passes(&self, clock: &dyn Clock) {
        poll_fn(|context| {
            // Nothing panics while it holds the lock.
            let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                let left = self.at.get().saturating_sub(clock.now().get());
                if left == 0 {
                    return Poll::Ready(());
                }
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
