//! Rooms that are refused, because their stored data was found damaged.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::RoomKey;
use crate::log::LogError;

/// How many rooms are remembered. Overflow: further ones are refused only when loading them
/// finds the damage, which is logged.
const ROOMS: usize = 100_000;

/// Rooms that are refused until the process ends.
#[derive(Debug, Default)]
pub(crate) struct Damaged {
    rooms: Mutex<HashSet<RoomKey>>,
    /// Rooms that are replayed from the first fact, because only their snapshots are damaged.
    snapshots: Mutex<HashSet<RoomKey>>,
    /// Makes the check almost free while nothing is damaged.
    is_any: AtomicBool,
}

impl Damaged {
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other log is looked through"))]
    pub(crate) fn add(&self, room: RoomKey) {
        self.remember(&self.rooms, room);
    }

    /// Notes that a room must not be loaded from its snapshot.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other log is looked through"))]
    pub(crate) fn add_snapshot(&self, room: RoomKey) {
        self.remember(&self.snapshots, room);
    }

    fn remember(&self, rooms: &Mutex<HashSet<RoomKey>>, room: RoomKey) {
        let mut rooms = rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() < ROOMS {
            rooms.insert(room);
        } else if !rooms.contains(&room) {
            tracing::error!(room = %room.fingerprint(), "too many rooms are damaged to remember this one");
        }
        self.is_any.store(true, Ordering::Release);
    }

    /// Returns whether the snapshot of a room was found damaged, so that the room is replayed
    /// without it.
    pub(crate) fn has_snapshot(&self, room: &RoomKey) -> bool {
        self.is_any.load(Ordering::Acquire)
            && self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).contains(room)
    }

    /// Refuses a room that was found damaged.
    ///
    /// # Errors
    /// When it was found damaged.
    pub(crate) fn refuse(&self, room: &RoomKey) -> Result<(), LogError> {
        if self.is_any.load(Ordering::Acquire)
            && self.rooms.lock().unwrap_or_else(PoisonError::into_inner).contains(room)
        {
            return Err(LogError("the room's stored data is damaged".to_owned()));
        }
        Ok(())
    }
}
