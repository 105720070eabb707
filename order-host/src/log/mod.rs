//! Storage of the rooms' facts.
//!
//! A log stores bytes: what a fact means, and how an older release wrote it, is defined by
//! the stored form in `order_core`. A log guarantees order, durability and one writer per
//! sequence number. With each fact it stores a [link](chain), which it neither computes nor
//! checks.

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
    /// The serialized fact. The bytes include their format version.
    pub bytes: Vec<u8>,
    /// Its link in the room's hash chain. `None`: a fact of an earlier release, which was
    /// stored without one.
    pub link: Option<Link>,
}

impl From<Vec<u8>> for StoredFact {
    /// Creates a fact without a link, as earlier releases stored them.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, link: None }
    }
}

/// A room's state as of a sequence number. It is a cache that saves replaying; the facts
/// are authoritative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The sequence number of the last fact that the state includes.
    pub seq: u64,
    /// The serialized state. The bytes include their format version.
    pub state: Vec<u8>,
}

/// The time at which a room has to be woken, even if nobody is there. The earliest comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// The earliest time; the room checks whether something is due.
    pub at: UnixMillis,
    /// The room to wake.
    pub room: RoomKey,
}

/// The durable, ordered log of every room's facts, with the rooms' alarms.
/// Sequence numbers of a room start at 1 and have no gaps. `conformance::suite` (feature
/// `conformance`) checks an implementation against this contract.
#[async_trait]
pub trait RoomLog: Send + Sync + 'static {
    /// Appends `facts` to `room` as `expected + 1`, `expected + 2`, … and returns the last
    /// sequence number. All or none of them are stored, and once this returns `Ok` they survive
    /// a crash of the machine. An empty append stores nothing but still checks `expected`.
    ///
    /// Waits while the storage is behind. When the returned future is dropped before it is
    /// ready, the facts may or may not be stored: as with [`AppendError::Unknown`], read the
    /// room again.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when `expected` is not the room's last sequence number,
    /// [`AppendError::Failed`] when nothing was stored, and [`AppendError::Unknown`] when the
    /// outcome is unknown: read the room again before doing anything else with it.
    async fn append(&self, room: &RoomKey, expected: u64, facts: Vec<StoredFact>)
    -> Result<u64, AppendError>;

    /// Reads at most `limit` facts of `room` after sequence number `after`, in order, each with
    /// the link it was appended with. An unknown room has none.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError>;

    /// Saves `snapshot` in place of the room's previous one, whatever their sequence numbers.
    /// The log may drop it at any time.
    ///
    /// # Errors
    /// When it could not be written; the caller continues without it.
    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError>;

    /// Loads the last saved snapshot of `room`.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError>;

    /// Sets the alarm of `room`, in place of the previous one; `None` clears it. Once this
    /// returns `Ok` it survives a crash of the machine, so a room sets its alarm before it
    /// appends the fact that needs it.
    ///
    /// # Errors
    /// When it is uncertain whether it was stored.
    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError>;

    /// Returns the alarm of `room`.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError>;

    /// Returns at most `limit` alarms of all rooms, in order, after `after` or from the first.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError>;

    /// Returns the key of the rooms' hash chains. It is random, generated with the log and
    /// stored in it: all users of a log share it, and it never changes.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn chain_key(&self) -> Result<ChainKey, LogError>;

    /// Checks that facts can be stored now.
    ///
    /// # Errors
    /// When they cannot, with the reason.
    async fn ready(&self) -> Result<(), LogError>;
}

/// The reason why an append gave no sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Another writer appended first; `last` is the room's last sequence number.
    #[error("the room is at sequence number {last}")]
    Conflict {
        /// The last sequence number that is stored.
        last: u64,
    },
    /// Nothing was stored.
    #[error("nothing was stored: {0}")]
    Failed(String),
    /// It is unknown whether the facts were stored.
    #[error("it is unknown whether it was stored: {0}")]
    Unknown(String),
}

/// The reason why storage could not be read, opened or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct LogError(
    /// What went wrong, for the operator; never shown to a guest.
    pub String,
);
