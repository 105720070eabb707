//! The output gate: facts are durable before anybody is shown them.

use std::sync::Arc;

use order_core::stored::{StoredError, encode_fact, encode_order};
use order_core::{Code, Recorded, Rejection, wire};

use super::load::{load, load_from_the_start, read_back};
use super::{End, Room};
use crate::log::{AppendError, Snapshot, StoredFact};
use crate::outbox::CloseReason;

/// After so many facts a new snapshot is worth its write.
const FACTS_PER_SNAPSHOT: u64 = 256;

/// What became of facts that were to be stored.
pub(super) enum Stored {
    /// They are durable.
    Yes,
    /// None of them is stored; this is what the senders are told.
    No(Rejection),
    /// Whether they are stored could not be found out; this is what the senders are told.
    Unknown(Rejection),
}

impl Room {
    /// Appends facts to the log, durably, and answers when that is certain one way or the other.
    pub(super) async fn store(&mut self, facts: &[&Recorded]) -> Stored {
        if facts.is_empty() {
            return Stored::Yes;
        }
        let encoded: Result<Vec<StoredFact>, StoredError> =
            facts.iter().map(|fact| encode_fact(fact)).collect();
        let encoded = match encoded {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(room = %self.key, %error, "facts cannot be written");
                return Stored::No(Code::StorageUnavailable.into());
            }
        };
        match self.shared.log.append(&self.key, self.order.seq(), encoded.clone()).await {
            Ok(_) => Stored::Yes,
            Err(AppendError::Failed(error)) => {
                tracing::error!(room = %self.key, error, "facts were not stored");
                Stored::No(Code::StorageUnavailable.into())
            }
            Err(AppendError::Conflict { last }) => {
                tracing::warn!(room = %self.key, last, seq = self.order.seq(), "somebody else wrote to this room");
                Stored::No(Code::StorageUnavailable.into())
            }
            Err(AppendError::Unknown(error)) => {
                tracing::error!(room = %self.key, error, "whether facts were stored is not known; reading back");
                match read_back(self.shared.log.as_ref(), &self.key, self.order.seq(), encoded.len()).await {
                    Ok(found) if found == encoded => Stored::Yes,
                    Ok(_) => Stored::No(Code::StorageUnavailable.into()),
                    Err(_) => Stored::Unknown(Code::StorageUncertain.into()),
                }
            }
        }
    }

    /// Brings memory and log together again after a failed append; now and then takes a snapshot.
    pub(super) async fn recover(&mut self, stored: &Stored) -> Result<(), End> {
        match stored {
            Stored::Yes => {
                if self.order.seq().saturating_sub(self.snapshot_seq) >= FACTS_PER_SNAPSHOT {
                    self.save_snapshot().await;
                }
                Ok(())
            }
            Stored::No(_) => self.reload_if_behind().await,
            Stored::Unknown(_) => Err(End(CloseReason::Unavailable)),
        }
    }

    /// Reads the room again if the log has facts that memory lacks; everybody then gets the full state.
    async fn reload_if_behind(&mut self) -> Result<(), End> {
        let log = self.shared.log.as_ref();
        let unavailable = |_| End(CloseReason::Unavailable);
        let (order, snapshot_seq) =
            load(log, &self.key, self.shared.settings.currency).await.map_err(unavailable)?;
        // A snapshot ahead of its log is wrong; the log alone is the truth.
        let order = if order.seq() > self.order.seq() && order.seq() == snapshot_seq {
            load_from_the_start(log, &self.key, self.shared.settings.currency).await.map_err(unavailable)?
        } else {
            order
        };
        if order != self.order {
            self.order = order;
            let sync = wire::sync(&self.order, &self.presence, self.shared.clock.now());
            self.members.catch_up_all(&Arc::new(sync));
        }
        Ok(())
    }

    /// Remembers the order as it is. A snapshot is only a cache, so a failure costs nothing but time later.
    pub(super) async fn save_snapshot(&mut self) {
        let seq = self.order.seq();
        if seq == self.snapshot_seq {
            return;
        }
        self.snapshot_seq = seq;
        let Ok(state) = encode_order(&self.order) else { return };
        if let Err(error) = self.shared.log.save_snapshot(&self.key, Snapshot { seq, state }).await {
            tracing::warn!(room = %self.key, %error, "the snapshot was not saved");
        }
    }
}
