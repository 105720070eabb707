//! Snapshots: the order as a cache of its log, so that a room need not be replayed from its first fact.

use order_core::stored::{LogPosition, encode_snapshot};
use tokio::task::JoinHandle;

use super::Room;
use crate::log::Snapshot;

/// After so many facts a new snapshot is worth its write, where the order is small.
const FACTS_PER_SNAPSHOT: u64 = 256;

/// The snapshots of a room.
pub(super) struct Snapshots {
    /// The sequence number of the last one.
    last_seq: u64,
    /// The one that is being written.
    writing: Option<JoinHandle<()>>,
}

impl From<u64> for Snapshots {
    /// The last one had this sequence number; 0 when there was none.
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
        // The larger the order, the more a snapshot costs.
        let size = self.order.items().len().saturating_add(self.order.commands_remembered());
        let worth_it = FACTS_PER_SNAPSHOT.max(u64::try_from(size).unwrap_or(u64::MAX));
        if self.order.seq().saturating_sub(self.snapshots.last_seq) >= worth_it {
            self.start_snapshot();
        }
    }

    /// Begins to remember the order as it is, unless an earlier snapshot is still being written. The table
    /// does not wait: a snapshot is only a cache, and a failure costs nothing but time later.
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

    /// Remembers the order as it is when the room leaves memory.
    pub(super) async fn save_last_snapshot(&mut self) {
        self.finish_snapshot().await;
        if self.order.seq() != self.snapshots.last_seq {
            self.start_snapshot();
            self.finish_snapshot().await;
        }
    }

    async fn finish_snapshot(&mut self) {
        if let Some(writing) = self.snapshots.writing.take() {
            // It ends in any case; what became of it has been logged.
            let _ = writing.await;
        }
    }
}
