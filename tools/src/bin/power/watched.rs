//! Wraps the log under test, and marks each call and answer in the record.

use std::sync::Arc;

use async_trait::async_trait;
use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, SqliteLog, StoredFact};

use crate::marks::{Mark, Marks, fingerprint};

/// A log that leaves marks.
pub(crate) struct Watched {
    log: Arc<SqliteLog>,
    marks: Marks,
    /// Whether it acknowledges facts before they are stored, to test the check.
    is_hasty: bool,
}

impl Watched {
    pub(crate) fn new(log: Arc<SqliteLog>, marks: Marks, is_hasty: bool) -> Self {
        Self { log, marks, is_hasty }
    }

    fn leave(
        &self,
        room: &RoomKey,
        after: u64,
        facts: &[StoredFact],
        mark: impl Fn(String, u64, u64) -> Mark,
    ) {
        for (seq, fact) in (after + 1..).zip(facts) {
            self.marks.leave(&mark(room.as_str().to_owned(), seq, fingerprint(&fact.bytes)));
        }
    }
}

#[async_trait]
impl RoomLog for Watched {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        self.leave(room, expected, &facts, |room, seq, fact| Mark::Asked { room, seq, fact });
        let answer = if self.is_hasty {
            let (log, room, facts) = (Arc::clone(&self.log), room.clone(), facts.clone());
            let last = expected + facts.len() as u64;
            tokio::spawn(async move { log.append(&room, expected, facts).await });
            Ok(last)
        } else {
            self.log.append(room, expected, facts.clone()).await
        };
        if answer.is_ok() {
            self.leave(room, expected, &facts, |room, seq, fact| Mark::Stored { room, seq, fact });
        }
        answer
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        let found = self.log.read(room, after, limit).await?;
        self.leave(room, after, &found, |room, seq, fact| Mark::Read { room, seq, fact });
        Ok(found)
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.log.save_snapshot(room, snapshot).await
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.log.load_snapshot(room).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.log.set_alarm(room, at).await
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.log.alarm(room).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.log.alarms(after, limit).await
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.log.chain_key().await
    }

    async fn ready(&self) -> Result<(), LogError> {
        self.log.ready().await
    }
}
