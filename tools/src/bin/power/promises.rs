//! The promises that were made, which must hold after a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::marks::Mark;
use crate::record::Event;

/// The promises so far. Cheap to clone.
#[derive(Debug, Default, Clone)]
pub(crate) struct Promises {
    rooms: Arc<BTreeMap<String, Room>>,
    /// The event before which everything written to the write-ahead log is synced.
    synced: usize,
    pub(crate) counts: Counts,
}

/// Statistics of a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Facts that the log acknowledged as stored.
    pub(crate) stored: u64,
    /// Messages with the order's state that clients were shown.
    pub(crate) shown: u64,
    /// Commands that were refused as not stored, or perhaps not stored.
    pub(crate) refused: u64,
    /// Syncs that failed.
    pub(crate) failed_syncs: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, more: Self) {
        self.stored += more.stored;
        self.shown += more.shown;
        self.refused += more.refused;
        self.failed_syncs += more.failed_syncs;
    }
}

/// What is known of the facts of a room.
#[derive(Debug, Default, Clone)]
pub(crate) struct Room {
    /// Facts that were acknowledged or read, by number: they must not change.
    pub(crate) kept: BTreeMap<u64, u64>,
    /// All facts that the log was ever asked to store under each number.
    asked: BTreeMap<u64, BTreeSet<u64>>,
    /// When it was last asked for each number.
    asked_at: BTreeMap<u64, usize>,
}

impl Room {
    /// Returns the last number that was acknowledged or read; 0 if none was.
    pub(crate) fn last(&self) -> u64 {
        self.kept.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// Returns whether the fact may be stored under this number.
    pub(crate) fn allows(&self, seq: u64, fact: u64) -> bool {
        match self.kept.get(&seq) {
            Some(kept) => *kept == fact,
            None => self.asked.get(&seq).is_some_and(|asked| asked.contains(&fact)),
        }
    }
}

impl Promises {
    pub(crate) fn rooms(&self) -> &BTreeMap<String, Room> {
        &self.rooms
    }

    /// Applies event number `index`.
    ///
    /// # Errors
    /// When it breaks a promise even without a power cut.
    pub(crate) fn take(&mut self, index: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::Synced { name, began } if name.ends_with("-wal") => self.synced = *began,
            Event::SyncFailed { .. } => self.counts.failed_syncs += 1,
            Event::Said(mark) => return self.hear(index, mark),
            Event::Made(_)
            | Event::Removed(_)
            | Event::Wrote { .. }
            | Event::Length { .. }
            | Event::Synced { .. }
            | Event::FolderSynced { .. }
            | Event::Ended
            | Event::PowerFailed { .. } => {}
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, mark: &Mark) -> Result<(), String> {
        let synced = self.synced;
        let rooms = Arc::make_mut(&mut self.rooms);
        match mark {
            Mark::Asked { room, seq, fact } => {
                let room = rooms.entry(room.clone()).or_default();
                room.asked.entry(*seq).or_default().insert(*fact);
                room.asked_at.insert(*seq, index);
            }
            Mark::Stored { room: name, seq, fact } => {
                self.counts.stored += 1;
                let room = rooms.entry(name.clone()).or_default();
                keep(room, name, *seq, *fact)?;
                let asked_at = room.asked_at.get(seq).copied().unwrap_or(index);
                if synced <= asked_at {
                    return Err(format!(
                        "fact {seq} of {name} was said to be stored, and nothing was synced"
                    ));
                }
            }
            Mark::Read { room: name, seq, fact } => {
                let room = rooms.entry(name.clone()).or_default();
                if !room.allows(*seq, *fact) {
                    return Err(format!("{name} was read, and its fact {seq} is another than it was"));
                }
                keep(room, name, *seq, *fact)?;
            }
            Mark::Shown { room: name, seq } => {
                self.counts.shown += 1;
                if rooms.get(name).is_none_or(|room| !room.kept.contains_key(seq)) {
                    return Err(format!("{name} was shown as of fact {seq} before the log had it"));
                }
            }
            Mark::Refused { .. } => self.counts.refused += 1,
            Mark::Open => {}
        }
        Ok(())
    }
}

fn keep(room: &mut Room, name: &str, seq: u64, fact: u64) -> Result<(), String> {
    match room.kept.insert(seq, fact) {
        Some(before) if before != fact => Err(format!("{name} has had two facts of number {seq}")),
        _ => Ok(()),
    }
}
