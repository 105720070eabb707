//! A log over another log, which changes some of its operations.

use async_trait::async_trait;
use order_core::UnixMillis;

use super::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use crate::RoomKey;

/// The operations of a log over another log. An operation that an implementation leaves out goes to the log below
/// unchanged. [`Layered`] makes a [`RoomLog`] of it.
///
/// Tests use it for logs that fail, wait or change what is stored at one place, and are ordinary elsewhere.
#[async_trait]
pub trait Layer: Send + Sync + 'static {
    /// The kind of log below.
    type Below: RoomLog;

    /// Returns the log below.
    fn below(&self) -> &Self::Below;

    /// Stands for [`RoomLog::append`].
    ///
    /// # Errors
    /// Those of [`RoomLog::append`].
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        self.below().append(room, expected, facts).await
    }

    /// Stands for [`RoomLog::read`].
    ///
    /// # Errors
    /// Those of [`RoomLog::read`].
    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        self.below().read(room, after, limit).await
    }

    /// Stands for [`RoomLog::save_snapshot`].
    ///
    /// # Errors
    /// Those of [`RoomLog::save_snapshot`].
    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.below().save_snapshot(room, snapshot).await
    }

    /// Stands for [`RoomLog::load_snapshot`].
    ///
    /// # Errors
    /// Those of [`RoomLog::load_snapshot`].
    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.below().load_snapshot(room).await
    }

    /// Stands for [`RoomLog::set_alarm`].
    ///
    /// # Errors
    /// Those of [`RoomLog::set_alarm`].
    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.below().set_alarm(room, at).await
    }

    /// Stands for [`RoomLog::alarm`].
    ///
    /// # Errors
    /// Those of [`RoomLog::alarm`].
    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.below().alarm(room).await
    }

    /// Stands for [`RoomLog::alarms`].
    ///
    /// # Errors
    /// Those of [`RoomLog::alarms`].
    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.below().alarms(after, limit).await
    }

    /// Stands for [`RoomLog::chain_key`].
    ///
    /// # Errors
    /// Those of [`RoomLog::chain_key`].
    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.below().chain_key().await
    }

    /// Stands for [`RoomLog::ready`].
    ///
    /// # Errors
    /// Those of [`RoomLog::ready`].
    async fn ready(&self) -> Result<(), LogError> {
        self.below().ready().await
    }
}

/// The log that a [`Layer`] makes of the log below it.
#[derive(Debug, Clone, Default)]
pub struct Layered<L>(
    /// The layer.
    pub L,
);

#[async_trait]
impl<L: Layer> RoomLog for Layered<L> {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        self.0.append(room, expected, facts).await
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        self.0.read(room, after, limit).await
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.0.save_snapshot(room, snapshot).await
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.0.load_snapshot(room).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.0.set_alarm(room, at).await
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.0.alarm(room).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.0.alarms(after, limit).await
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.0.chain_key().await
    }

    async fn ready(&self) -> Result<(), LogError> {
        self.0.ready().await
    }
}
