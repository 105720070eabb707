//! A log in memory.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use order_core::UnixMillis;

use super::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use crate::RoomKey;

/// A [`RoomLog`] that keeps everything in memory, for tests and for trying things out.
///
/// **All orders are lost when it is dropped, or when the process ends.** Until then it
/// keeps every fact: its memory grows with every append. Nothing survives a crash.
#[derive(Debug)]
pub struct MemoryLog {
    rooms: Mutex<HashMap<RoomKey, Room>>,
    alarms: Mutex<Alarms>,
    chain_key: ChainKey,
}

/// Every alarm, by room and in order.
#[derive(Debug, Clone, Default)]
struct Alarms {
    of_rooms: HashMap<RoomKey, UnixMillis>,
    in_order: BTreeSet<Alarm>,
}

#[derive(Debug, Clone, Default)]
struct Room {
    /// The fact with sequence number `n` is at `n - 1`.
    facts: Vec<StoredFact>,
    snapshot: Option<Snapshot>,
}

impl Room {
    fn last(&self) -> u64 {
        self.facts.len() as u64
    }
}

impl MemoryLog {
    /// Creates an empty log.
    pub fn new() -> Self {
        Self::with_chain_key(ChainKey::random())
    }

    /// Creates an empty log with this key, for restoring the facts of another log that has the
    /// same key.
    pub fn with_chain_key(chain_key: ChainKey) -> Self {
        Self { rooms: Mutex::default(), alarms: Mutex::default(), chain_key }
    }

    /// Returns an independent copy of this log with the same key, as if its files had been
    /// copied.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self {
            rooms: Mutex::new(self.rooms().clone()),
            alarms: Mutex::new(self.all_alarms().clone()),
            chain_key: self.chain_key,
        }
    }

    /// The guard never lives across an await. A poisoned lock is used nevertheless: no method
    /// leaves a room half changed.
    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomKey, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_alarms(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RoomLog for MemoryLog {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let mut rooms = self.rooms();
        let last = rooms.get(room).map_or(0, Room::last);
        if last != expected {
            return Err(AppendError::Conflict { last });
        }
        if facts.is_empty() {
            return Ok(last);
        }
        let stored = rooms.entry(room.clone()).or_default();
        stored.facts.extend(facts);
        Ok(stored.last())
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let rooms = self.rooms();
        let facts =
            rooms.get(room).map(|stored| stored.facts.iter().skip(after).take(limit).cloned().collect());
        Ok(facts.unwrap_or_default())
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.rooms().entry(room.clone()).or_default().snapshot = Some(snapshot);
        Ok(())
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        Ok(self.rooms().get(room).and_then(|stored| stored.snapshot.clone()))
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        let mut alarms = self.all_alarms();
        if let Some(before) = alarms.of_rooms.remove(room) {
            alarms.in_order.remove(&Alarm { at: before, room: room.clone() });
        }
        if let Some(at) = at {
            alarms.of_rooms.insert(room.clone(), at);
            alarms.in_order.insert(Alarm { at, room: room.clone() });
        }
        Ok(())
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        Ok(self.all_alarms().of_rooms.get(room).copied())
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let alarms = self.all_alarms();
        Ok(alarms.in_order.range((start, Bound::Unbounded)).take(limit).cloned().collect())
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        Ok(self.chain_key)
    }

    async fn ready(&self) -> Result<(), LogError> {
        Ok(())
    }
}
