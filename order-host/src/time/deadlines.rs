//! Deadlines that were set in this process, of rooms that are not in memory.
//!
//! A deadline is stored as a time of the clock. Until it comes, elapsed time counts: a
//! table that has an hour keeps its hour when the clock is set meanwhile. Only this process
//! knows the elapsed time, so it is remembered here; after a restart the stored time
//! counts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_core::UnixMillis;

use crate::RoomKey;

/// How many are remembered. Overflow: further ones go by the clock, as after a restart.
const MOST: usize = 65_536;

/// A deadline that was set in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SetHere {
    /// The deadline as stored.
    pub(crate) at: UnixMillis,
    /// The elapsed time at which it comes.
    pub(crate) comes: Duration,
}

/// Deadlines that were set in this process, of rooms that are not in memory.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(Mutex<HashMap<RoomKey, SetHere>>);

impl Deadlines {
    /// Remembers the deadline of a room that leaves memory.
    pub(crate) fn keep(&self, room: &RoomKey, deadline: SetHere) {
        let mut kept = self.lock();
        if kept.len() < MOST {
            kept.insert(room.clone(), deadline);
        }
    }

    /// Returns the deadline to its room, which is in memory again.
    pub(crate) fn take(&self, room: &RoomKey) -> Option<SetHere> {
        self.lock().remove(room)
    }

    /// Returns the rooms that have one.
    pub(crate) fn rooms(&self) -> Vec<RoomKey> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomKey, SetHere>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
