//! Rooms that would end by a clock that has not proved itself yet.

use std::collections::HashMap;
use std::time::Duration;

use crate::RoomKey;

/// So many are remembered. Overflow: further ones are woken at every look, in vain.
const MOST: usize = 65_536;

/// Rooms whose end is due by the clock, and until what elapsed time they are left alone: after a start with a clock that is
/// days ahead there may be very many.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    rooms: HashMap<RoomKey, Duration>,
    /// The steps of the clock that were seen when they were held back.
    steps: u64,
}

impl HeldBack {
    /// Forgets those whose time has come; after a step of the clock, all of them. Whether there was a step.
    pub(super) fn look(&mut self, elapsed: Duration, steps: u64) -> bool {
        let stepped = self.steps != steps;
        self.steps = steps;
        if stepped {
            self.rooms.clear();
        } else {
            self.rooms.retain(|_, until| *until > elapsed);
        }
        stepped
    }

    pub(super) fn hold(&mut self, room: &RoomKey, until: Duration) {
        if self.rooms.len() < MOST {
            self.rooms.insert(room.clone(), until);
        }
    }

    pub(super) fn holds(&self, room: &RoomKey) -> bool {
        self.rooms.contains_key(room)
    }

    /// Elapsed time when the first of them is looked at again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.rooms.values().min().copied()
    }
}
