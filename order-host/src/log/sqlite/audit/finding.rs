//! What can be wrong with a log.

use thiserror::Error;

use crate::RoomKey;

/// A problem found in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The affected room. `None`: the file, or the index of all rooms.
    pub room: Option<RoomKey>,
    /// What is wrong. The text names no room, so that it may be logged.
    pub damage: Damage,
}

impl Finding {
    pub(in crate::log::sqlite) fn in_file(damage: Damage) -> Self {
        Self { room: None, damage }
    }
}

/// A kind of damage to a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The files do not belong together, or one is missing.
    #[error("{0}")]
    Files(String),
    /// SQLite finds the file damaged, or cannot read it.
    #[error("the database is damaged: {0}")]
    Database(String),
    /// Facts are missing from the log.
    #[error("facts are missing from the log: rows {first} to {last}")]
    RowsMissing {
        /// The first row that is missing.
        first: u64,
        /// The last row that is missing.
        last: u64,
    },
    /// A fact is missing from a room.
    #[error("fact {seq} is missing")]
    FactMissing {
        /// Its sequence number.
        seq: u64,
    },
    /// A fact cannot be decoded or applied.
    #[error("fact {seq}: {error}")]
    Fact {
        /// Its sequence number.
        seq: u64,
        /// Why not.
        error: String,
    },
    /// The chain is broken at a fact: it, or one before it, is not what was stored.
    #[error("the chain breaks at fact {seq}: {error}")]
    Chain {
        /// Its sequence number.
        seq: u64,
        /// How it is broken.
        error: String,
    },
    /// The index by room does not lead to this fact.
    #[error("the index by room is wrong at fact {seq}")]
    Index {
        /// The sequence number of the fact.
        seq: u64,
    },
    /// The index by room has no end, or ends beyond the last fact.
    #[error("the index by room ends at row {upto}, but the log has {rows} rows")]
    IndexEnd {
        /// The row at which the index says that it ends.
        upto: u64,
        /// How many rows there are.
        rows: u64,
    },
    /// A room has an invalid name.
    #[error("there is a room with an invalid name")]
    Name,
    /// A snapshot differs from the replayed facts.
    #[error(
        "the snapshot at fact {seq} differs from the facts: {error}; it is only a cache: stop the server and delete it from the \
         table snapshots"
    )]
    Snapshot {
        /// The sequence number of its last fact.
        seq: u64,
        /// How it differs.
        error: String,
    },
    /// A room, or a part of the file, could not be read. Whether it is damaged is unknown.
    #[error("it could not be checked: {0}")]
    Unread(String),
    /// The sums of the order at its last fact do not add up.
    #[error("the sums do not add up at fact {seq}: {error}")]
    Sums {
        /// The sequence number of the last fact.
        seq: u64,
        /// Which ones.
        error: String,
    },
    /// A change of the order is scheduled, but no alarm would wake its room.
    #[error("no alarm is set, although something is due after fact {seq}")]
    NoAlarm {
        /// The sequence number of the last fact.
        seq: u64,
    },
    /// A room's alarm is missing from the ordered index of alarms.
    #[error("the alarm is missing from the index of alarms")]
    AlarmOrder,
}
