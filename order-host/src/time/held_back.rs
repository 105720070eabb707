//! Rooms that are not woken yet, because the clock may be wrong.

use std::collections::HashMap;
use std::time::Duration;

use order_core::UnixMillis;

use crate::RoomKey;
use crate::log::Alarm;

/// How many are remembered. Overflow: further ones are woken at every look, in vain.
const MOST: usize = 65_536;

/// Rooms whose alarms are due by the clock, and the elapsed time until which they are not
/// woken. After a start with a clock that is days ahead there may be very many.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    rooms: HashMap<RoomKey, Held>,
    /// The number of clock steps when they were held back.
    steps: u64,
}

#[derive(Debug)]
struct Held {
    /// The alarm for which it was woken; another alarm is handled when it is due.
    alarm: UnixMillis,
    until: Duration,
}

impl HeldBack {
    /// Removes those whose time has come; after a step of the clock, all of them. Returns
    /// whether there was a step.
    pub(super) fn look(&mut self, elapsed: Duration, steps: u64) -> bool {
        let stepped = self.steps != steps;
        self.steps = steps;
        if stepped {
            self.rooms.clear();
        } else {
            self.rooms.retain(|_, held| held.until > elapsed);
        }
        stepped
    }

    pub(super) fn hold(&mut self, alarm: &Alarm, until: Duration) {
        if self.rooms.len() < MOST {
            self.rooms.insert(alarm.room.clone(), Held { alarm: alarm.at, until });
        }
    }

    pub(super) fn holds(&self, alarm: &Alarm) -> bool {
        self.rooms.get(&alarm.room).is_some_and(|held| held.alarm == alarm.at)
    }

    /// Returns the elapsed time at which the first of them is due again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.rooms.values().map(|held| held.until).min()
    }
}
