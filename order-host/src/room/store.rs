//! The output gate: facts are durable before anybody is shown them.

use order_core::stored::{LogPosition, encode_fact, encode_snapshot};
use order_core::{Code, Recorded, Rejection};
use tokio::task::JoinHandle;

use super::events::Events;
use super::load::{load_from_the_start, total_bytes};
use super::{End, Room};
use crate::connection::outbox::CloseReason;
use crate::log::{AppendError, Snapshot, StoredFact};

/// After so many facts a new snapshot is worth its write, where the order is small.
const FACTS_PER_SNAPSHOT: u64 = 256;

/// What became of facts that were to be stored.
pub(super) enum Stored {
    /// They are durable.
    Yes,
    /// None of them is stored; this is what the senders are told.
    No(Rejection),
    /// None of them is stored, and memory may lag behind the log; this is what the senders are told.
    Stale(Rejection),
    /// Whether they are stored could not be found out; this is what the senders are told.
    Unknown(Rejection),
}

impl Stored {
    /// What to tell the senders, unless all is well.
    pub(super) fn failure(&self) -> Option<&Rejection> {
        match self {
            Self::Yes => None,
            Self::No(failure) | Self::Stale(failure) | Self::Unknown(failure) => Some(failure),
        }
    }
}

impl Room {
    /// Appends facts, and their stored forms, to the log, durably. Answers when that is certain one way or the other, if it can be.
    pub(super) async fn store(&mut self, facts: &[&Recorded], encoded: Vec<StoredFact>) -> Stored {
        if facts.is_empty() {
            return Stored::Yes;
        }
        let bytes = total_bytes(&encoded);
        if let Err(error) = self.alarm_for(facts).await {
            tracing::error!(room = %self.key.fingerprint(), %error, "the room's alarm was not set");
            return Stored::No(Code::StorageUnavailable.into());
        }
        match self.shared.log.append(&self.key, self.order.seq(), encoded).await {
            Ok(_) => {
                self.log_bytes = self.log_bytes.saturating_add(bytes);
                Stored::Yes
            }
            Err(AppendError::Failed(error)) => {
                tracing::error!(room = %self.key.fingerprint(), error, "facts were not stored");
                Stored::No(Code::StorageUnavailable.into())
            }
            Err(AppendError::Conflict { last }) => {
                tracing::warn!(room = %self.key.fingerprint(), last, seq = self.order.seq(), "somebody else wrote to this room");
                Stored::Stale(Code::StorageUnavailable.into())
            }
            Err(AppendError::Unknown(error)) => {
                tracing::error!(room = %self.key.fingerprint(), error, "whether facts were stored is not known; reading back");
                match self.shared.log.read(&self.key, self.order.seq(), facts.len()).await {
                    Ok(found) if self.are(facts, &found) => {
                        self.log_bytes = self.log_bytes.saturating_add(bytes);
                        Stored::Yes
                    }
                    Ok(_) => Stored::Stale(Code::StorageUnavailable.into()),
                    Err(_) => Stored::Unknown(Code::StorageUncertain.into()),
                }
            }
        }
    }

    /// Whether what was `found` in the log after the last fact that was committed is these facts, in this history.
    fn are(&self, facts: &[&Recorded], found: &[StoredFact]) -> bool {
        let mut link = self.link;
        facts.len() == found.len()
            && facts.iter().zip(found).all(|(fact, found)| {
                let Ok(bytes) = encode_fact(fact) else { return false };
                link = self.chain.next(link, &bytes);
                bytes == found.bytes && found.link == Some(link)
            })
    }

    /// Brings memory and log together again after a failed append; now and then takes a snapshot.
    pub(super) async fn recover(&mut self, stored: &Stored) -> Result<(), End> {
        match stored {
            Stored::Yes => {
                // The larger the order, the more a snapshot costs.
                let size = self.order.items().len().saturating_add(self.order.commands_remembered());
                let worth_it = FACTS_PER_SNAPSHOT.max(u64::try_from(size).unwrap_or(u64::MAX));
                if self.order.seq().saturating_sub(self.snapshots.last_seq) >= worth_it {
                    self.start_snapshot();
                }
                Ok(())
            }
            Stored::No(_) => {
                self.ahead = None;
                Ok(())
            }
            Stored::Stale(_) => self.reload().await,
            Stored::Unknown(_) => Err(End(CloseReason::Unavailable)),
        }
    }

    /// Reads the room again, from its log alone; if memory was wrong, everybody gets the full state.
    async fn reload(&mut self) -> Result<(), End> {
        let turn = self.shared.load_turn().await;
        let read = load_from_the_start(&self.shared, &self.key, self.chain).await.map_err(|error| {
            tracing::error!(room = %self.key.fingerprint(), %error, "the room cannot be read again");
            End(CloseReason::Unavailable)
        })?;
        drop(turn);
        self.ahead = None;
        self.log_bytes = read.log_bytes;
        // Another history may have come to the same order.
        if read.link != self.link || read.order != self.order {
            self.order = read.order;
            self.link = read.link;
            self.timer.forget_what_is_remembered();
            self.snapshots.last_seq = 0;
            // What others wrote was not shown, so that nobody can be given it as what they missed.
            self.events = self.events.take().map(|_| Events::after(self.cursor()));
            self.unseat_who_is_gone();
            self.send_state_to_all();
        }
        Ok(())
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
        let (shared, key) = (self.shared.clone(), self.key.clone());
        self.snapshots.writing = Some(self.shared.spawn(async move {
            if let Err(error) = shared.log.save_snapshot(&key, snapshot).await {
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
