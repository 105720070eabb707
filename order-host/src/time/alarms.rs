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
    /// When the task reads the log again, in milliseconds since 1970. The maximum while it is
    /// reading.
    pub(super) next_look: AtomicU64,
    pub(super) wake: Notify,
    /// Whether the operator was told that the clock shows an implausible time.
    clock_is_wrong: AtomicBool,
    pub(crate) deadlines: Deadlines,
}

impl Alarms {
    /// Reports that a room that has left memory wants to be woken.
    pub(crate) fn tell(&self, at: UnixMillis) {
        if at.get() < self.next_look.load(Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Reports that the clock has stepped: rooms that are not in memory may want to be woken at
    /// other times.
    pub(crate) fn clock_stepped(&self) {
        self.wake.notify_one();
    }

    /// Tells the operator when the clock starts or stops to show an implausible time.
    pub(super) fn tell_of_a_clock_that_cannot_be(&self, look: &Look) {
        let is_wrong = !look.can_be();
        if self.clock_is_wrong.swap(is_wrong, Ordering::Relaxed) == is_wrong {
            return;
        }
        if is_wrong {
            tracing::warn!(
                clock = look.now.get(),
                "the system clock is set to before this release was built: correct it; until then no order expires or is archived"
            );
        } else {
            tracing::info!("the system clock is plausible again");
        }
    }

    /// Starts the timers. Returns whether they were not started before.
    pub(crate) fn begin(&self) -> bool {
        !self.is_kept.swap(true, Ordering::SeqCst)
    }
}
