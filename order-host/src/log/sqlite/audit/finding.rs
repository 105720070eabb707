//! What can be wrong with a log.

use thiserror::Error;

use crate::RoomKey;

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The room that it is about; nothing, where it is about the file or the index of all rooms.
    pub room: Option<RoomKey>,
    /// What is wrong. Its text names no room, so that it may stand in a log.
    pub damage: Damage,
}

impl Finding {
    pub(in crate::log::sqlite) fn in_file(damage: Damage) -> Self {
        Self { room: None, damage }
    }
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The files do not belong together, or one is missing.
    #[error("{0}")]
    Files(String),
    /// SQLite finds the file damaged, or cannot read it.
    #[error("the database is damaged: {0}")]
    Database(String),
    /// Facts are gone from the log.
    #[error("facts are missing from the log: rows {first} to {last}")]
    RowsMissing {
        /// The first row that is missing.
        first: u64,
        /// The last row that is missing.
        last: u64,
    },
    /// A fact is gone from a room.
    #[error("fact {seq} is missing")]
    FactMissing {
        /// Its sequence number.
        seq: u64,
    },
    /// A fact is not what it was.
    #[error("fact {seq}: {error}")]
    Fact {
        /// Its sequence number.
        seq: u64,
        /// Why it cannot be.
        error: String,
    },
    /// A fact does not follow from those before it: it, or one of them, is not what was stored.
    #[error("the chain breaks at fact {seq}: {error}")]
    Chain {
        /// Its sequence number.
        seq: u64,
        /// How.
        error: String,
    },
    /// The index by room does not lead to this fact.
    #[error("the index by room is wrong at fact {seq}")]
    Index {
        /// The sequence number of the fact.
        seq: u64,
    },
    /// The index by room has no end, or one beyond the last fact.
    #[error("the index by room reaches to row {upto}, and the log has {rows} rows")]
    IndexEnd {
        /// How far it says that it reaches.
        upto: u64,
        /// How many rows there are.
        rows: u64,
    },
    /// A name that no room can have.
    #[error("there is a room whose name cannot be one")]
    Name,
    /// A snapshot is not what the facts give.
    #[error(
        "the snapshot at fact {seq} is not what the facts give: {error}; it is only a cache, and can be deleted from the table \
         snapshots while the server is stopped"
    )]
    Snapshot {
        /// The sequence number of its last fact.
        seq: u64,
        /// How it differs.
        error: String,
    },
    /// A room, or a part of the file, could not be looked at. Whether anything is wrong with it is not known.
    #[error("it could not be looked at: {0}")]
    Unread(String),
    /// The sums of the order at its last fact do not add up.
    #[error("the sums do not add up at fact {seq}: {error}")]
    Sums {
        /// The sequence number of the last fact.
        seq: u64,
        /// Which ones.
        error: String,
    },
    /// Something is to happen to the order by itself, and nothing would wake its room.
    #[error("no alarm is set, although something happens by itself after fact {seq}")]
    NoAlarm {
        /// The sequence number of the last fact.
        seq: u64,
    },
    /// The order of alarms does not have the one of a room.
    #[error("the alarm is missing from the order of alarms")]
    AlarmOrder,
}
