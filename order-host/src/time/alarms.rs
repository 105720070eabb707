//! The state that rooms share with the task that wakes them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use order_core::UnixMillis;
use tokio::sync::Notify;

use super::Look;
use super::deadlines::Deadlines;

/// The state that rooms share with the task that wakes them.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    is_kept: AtomicBool,
    /// When the task looks at the log again, in milliseconds since 1970; the end of time while it does.
    pub(super) next_look: AtomicU64,
    pub(super) wake: Notify,
    /// Whether the operator was told that the clock shows a time that cannot be.
    clock_is_wrong: AtomicBool,
    pub(crate) deadlines: Deadlines,
}

impl Alarms {
    /// Says that a room that is not in memory any more wants to be woken.
    pub(crate) fn tell(&self, at: UnixMillis) {
        if at.get() < self.next_look.load(Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Says that the clock has stepped: rooms that are not in memory may want to be woken at other times.
    pub(crate) fn clock_stepped(&self) {
        self.wake.notify_one();
    }

    /// Tells the operator when the clock begins to show a time that cannot be, and when it no longer does.
    pub(super) fn tell_of_a_clock_that_cannot_be(&self, look: &Look) {
        let is_wrong = !look.can_be();
        if self.clock_is_wrong.swap(is_wrong, Ordering::Relaxed) == is_wrong {
            return;
        }
        if is_wrong {
            tracing::warn!(
                clock = look.now.get(),
                "the clock shows a time before this release was built: set it right; no order expires and none is archived until then"
            );
        } else {
            tracing::info!("the clock shows a time that can be");
        }
    }

    /// Whether nobody has kept time so far; from now on somebody does.
    pub(crate) fn begin(&self) -> bool {
        !self.is_kept.swap(true, Ordering::SeqCst)
    }
}
