//! A log of which every operation fails.

use async_trait::async_trait;
use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};

/// Storage that cannot be used, for this reason.
pub(crate) struct BrokenLog(pub(crate) &'static str);

impl BrokenLog {
    fn error(&self) -> LogError {
        LogError(self.0.to_owned())
    }
}

#[async_trait]
impl RoomLog for BrokenLog {
    async fn append(&self, _: &RoomKey, _: u64, _: Vec<StoredFact>) -> Result<u64, AppendError> {
        Err(AppendError::Failed(self.0.to_owned()))
    }

    async fn read(&self, _: &RoomKey, _: u64, _: usize) -> Result<Vec<StoredFact>, LogError> {
        Err(self.error())
    }

    async fn save_snapshot(&self, _: &RoomKey, _: Snapshot) -> Result<(), LogError> {
        Err(self.error())
    }

    async fn load_snapshot(&self, _: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        Err(self.error())
    }

    async fn set_alarm(&self, _: &RoomKey, _: Option<UnixMillis>) -> Result<(), LogError> {
        Err(self.error())
    }

    async fn alarm(&self, _: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        Err(self.error())
    }

    async fn alarms(&self, _: Option<&Alarm>, _: usize) -> Result<Vec<Alarm>, LogError> {
        Err(self.error())
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        Err(self.error())
    }

    async fn ready(&self) -> Result<(), LogError> {
        Err(self.error())
    }
}
