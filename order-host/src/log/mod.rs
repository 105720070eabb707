//! Where a room's facts are stored.
//!
//! A log stores bytes: what a fact means, and how an older release wrote it, is the business of
//! `order_core`'s stored form. What a log promises is order, durability and one writer per sequence number. Beside each fact it
//! stores a [link](chain), which it neither computes nor checks.

use async_trait::async_trait;
use thiserror::Error;

use order_core::UnixMillis;

use crate::RoomKey;

pub mod chain;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "conformance")]
pub mod layer;
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use chain::{ChainKey, Link};
#[cfg(feature = "conformance")]
pub use layer::{Layer, Layered};
pub use memory::MemoryLog;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteLog};

/// One fact in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFact {
    /// What happened. The bytes name their own version.
    pub bytes: Vec<u8>,
    /// Its place in the history of its room; nothing for a fact of an earlier release, which was stored without.
    pub link: Option<Link>,
}

impl From<Vec<u8>> for StoredFact {
    /// A fact without a link, as earlier releases stored them.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, link: None }
    }
}

/// A room's state as of a sequence number: a cache that saves replaying, never the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The sequence number of the last fact that the state includes.
    pub seq: u64,
    /// The state in its stored form. The bytes name their own version.
    pub state: Vec<u8>,
}

/// The time at which a room has to be woken, even if nobody is there. The earliest comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// When; at the earliest, for a room may find that it is not time yet.
    pub at: UnixMillis,
    /// Which room.
    pub room: RoomKey,
}

/// The durable, ordered list of every room's facts, and when rooms want to be looked at.
///
/// Sequence numbers of a room start at 1 and have no gaps. `conformance::suite` (feature `conformance`)
/// checks an implementation against everything that is said here.
#[async_trait]
pub trait RoomLog: Send + Sync + 'static {
    /// Appends `facts` to `room` as `expected + 1`, `expected + 2`, … and returns the last sequence number.
    /// All or none of them are stored, and once this returns `Ok` they survive a crash of the machine.
    /// Appending nothing stores nothing and checks `expected` all the same.
    ///
    /// Waits while the storage is behind. When the returned future is dropped before it is ready, the
    /// facts may or may not be stored: as with [`AppendError::Unknown`], read the room again.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when `expected` is not the room's last sequence number,
    /// [`AppendError::Failed`] when nothing was stored, and [`AppendError::Unknown`] when that cannot be
    /// told: read the room again before doing anything else with it.
    async fn append(&self, room: &RoomKey, expected: u64, facts: Vec<StoredFact>)
    -> Result<u64, AppendError>;

    /// The facts of `room` after sequence number `after`, in order, at most `limit` of them, each with the link that it was
    /// appended with. An unknown room has none.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError>;

    /// Remembers `snapshot` in place of the one that was remembered before of the same room, whatever
    /// the sequence numbers of the two. It may be forgotten at any time.
    ///
    /// # Errors
    /// When it could not be written; the caller goes on without.
    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError>;

    /// The snapshot that was last remembered of `room`.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError>;

    /// Remembers when `room` wants to be looked at, in place of what it said before; nothing: no more. Once this returns `Ok` it
    /// survives a crash of the machine, so a room sets its alarm before it appends what needs it.
    ///
    /// # Errors
    /// When it is not certain to be remembered.
    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError>;

    /// When `room` wants to be looked at.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError>;

    /// The alarms of all rooms after `after` (all of them, without one) in their order, at most `limit`.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError>;

    /// The key of the links of all rooms. It is random, made once with the log, and kept with it: everybody who shares the log has
    /// the same, for as long as there is the log.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn chain_key(&self) -> Result<ChainKey, LogError>;

    /// Whether facts can be stored now.
    ///
    /// # Errors
    /// When they cannot, with the reason.
    async fn ready(&self) -> Result<(), LogError>;
}

/// The reason why an append gave no sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Somebody else appended first; `last` is the room's last sequence number.
    #[error("the room is at sequence number {last}")]
    Conflict {
        /// The last sequence number that is stored.
        last: u64,
    },
    /// Nothing was stored.
    #[error("nothing was stored: {0}")]
    Failed(String),
    /// Whether the facts were stored is not known.
    #[error("whether it was stored is not known: {0}")]
    Unknown(String),
}

/// The reason why storage could not be read, opened or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct LogError(
    /// What went wrong, for the operator: never shown to a diner.
    pub String,
);
