//! Snapshots: the order as a cache of its log, so that a room need not be replayed from its first fact.

use order_core::stored::{LogPosition, encode_snapshot};
use tokio::task::JoinHandle;

use super::Room;
use crate::log::Snapshot;

/// After this many facts a new snapshot is worth writing, if the order is small.
const FACTS_PER_SNAPSHOT: u64 = 256;

/// The snapshots of a room.
pub(super) struct Snapshots {
    /// The sequence number of the last one.
    last_seq: u64,
    /// The task that is writing one.
    writing: Option<JoinHandle<()>>,
}

impl From<u64> for Snapshots {
    /// Starts from the last snapshot's sequence number; 0 without one.
    fn from(last_seq: u64) -> Self {
        Self { last_seq, writing: None }
    }
}

impl Snapshots {
    /// Has the next snapshot taken soon: the order was read again from its log alone.
    pub(super) fn start_again(&mut self) {
        self.last_seq = 0;
    }
}

impl Room {
    /// Takes a snapshot where the last one is long ago.
    pub(super) fn snapshot_if_due(&mut self) {
        // The larger the order, the more expensive a snapshot is.
        let size = self.order.items().len().saturating_add(self.order.commands_remembered());
        let worth_it = FACTS_PER_SNAPSHOT.max(u64::try_from(size).unwrap_or(u64::MAX));
        if self.order.seq().saturating_sub(self.snapshots.last_seq) >= worth_it {
            self.start_snapshot();
        }
    }

    /// Starts to save a snapshot, unless an earlier one is still being written. The table does
    /// not wait: a snapshot is only a cache, and a failure costs nothing but time later.
    fn start_snapshot(&mut self) {
        if self.snapshots.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        let position = LogPosition { bytes: Some(self.log_bytes), link: Some(*self.link.bytes()) };
        let Ok(state) = encode_snapshot(&self.order, &position) else { return };
        let snapshot = Snapshot { seq: self.order.seq(), state };
        self.snapshots.last_seq = snapshot.seq;
        let (log, key) = (self.host.log.clone(), self.key.clone());
        self.snapshots.writing = Some(self.host.tasks.spawn(async move {
            if let Err(error) = log.save_snapshot(&key, snapshot).await {
                tracing::warn!(room = %key.fingerprint(), %error, "the snapshot was not saved");
            }
        }));
    }

    /// Saves a snapshot when the room leaves memory.
    pub(super) async fn save_last_snapshot(&mut self) {
        self.finish_snapshot().await;
        if self.order.seq() != self.snapshots.last_seq {
            self.start_snapshot();
            self.finish_snapshot().await;
        }
    }

    async fn finish_snapshot(&mut self) {
        if let Some(writing) = self.snapshots.writing.take() {
            // It has ended; its outcome has been logged.
            let _ = writing.await;
        }
    }
}
