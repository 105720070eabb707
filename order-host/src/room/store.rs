//! The output gate: facts are durable before they are shown to anybody.
//!
//! A fact is [`Proposed`] when it was judged, and [`Stored`] when it is durable. Only this file makes a [`Stored`], and nothing else is
//! committed or shown.

use order_core::stored::encode_fact;
use order_core::{Code, Recorded, Rejection};

use super::events::Events;
use super::load::total_bytes;
use super::{End, Room};
use crate::connection::outgoing::CloseReason;
use crate::log::{AppendError, Link, StoredFact};

/// A fact that was judged and may be stored.
pub(super) struct Proposed {
    pub(super) recorded: Recorded,
    /// Its stored form.
    pub(super) encoded: StoredFact,
    pub(super) link: Link,
}

/// A fact that is durable, so that it may be committed and shown.
pub(super) struct Stored {
    recorded: Recorded,
    link: Link,
}

impl Stored {
    /// The fact.
    pub(super) fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Its link.
    pub(super) fn link(&self) -> Link {
        self.link
    }
}

/// Why facts cannot be taken as stored. Each has what the senders are told.
pub(super) enum StoreFailure {
    /// None of them is stored.
    NotStored(Rejection),
    /// None of them is stored, and memory may lag behind the log.
    Stale(Rejection),
    /// Whether they are stored could not be found out.
    Unknown(Rejection),
}

impl StoreFailure {
    /// What to tell the senders.
    pub(super) fn rejection(&self) -> &Rejection {
        match self {
            Self::NotStored(rejection) | Self::Stale(rejection) | Self::Unknown(rejection) => rejection,
        }
    }
}

impl Room {
    /// Stores a fact that was judged alone, durably.
    ///
    /// # Errors
    /// When it is not stored, or that is not known. [`Room::recover`] goes on from there.
    pub(super) async fn store(&mut self, proposed: Proposed) -> Result<Stored, StoreFailure> {
        let Proposed { recorded, encoded, link } = proposed;
        let fact = [Stored { recorded, link }];
        self.append(&fact, vec![encoded]).await?;
        // It was not judged on the copy.
        self.ahead = None;
        let [fact] = fact;
        Ok(fact)
    }

    /// Stores facts that were judged together, in one write, durably: all of them or none. They come back in the same order.
    ///
    /// # Errors
    /// As [`Room::store`].
    pub(super) async fn store_all(&mut self, proposed: Vec<Proposed>) -> Result<Vec<Stored>, StoreFailure> {
        if proposed.is_empty() {
            return Ok(Vec::new());
        }
        let apart = |Proposed { recorded, encoded, link }| (Stored { recorded, link }, encoded);
        let (facts, encoded): (Vec<_>, Vec<_>) = proposed.into_iter().map(apart).unzip();
        self.append(&facts, encoded).await?;
        Ok(facts)
    }

    /// Appends facts, and their stored forms, to the log. `facts` are stored only if it succeeds, which is certain then.
    async fn append(&mut self, facts: &[Stored], encoded: Vec<StoredFact>) -> Result<(), StoreFailure> {
        let bytes = total_bytes(&encoded);
        if let Err(error) = self.alarm_for(facts).await {
            tracing::error!(room = %self.key.fingerprint(), %error, "the room's alarm was not set");
            return Err(StoreFailure::NotStored(Code::StorageUnavailable.into()));
        }
        match self.host.log.append(&self.key, self.order.seq(), encoded).await {
            Ok(_) => {}
            Err(AppendError::Failed(error)) => {
                tracing::error!(room = %self.key.fingerprint(), error, "facts were not stored");
                return Err(StoreFailure::NotStored(Code::StorageUnavailable.into()));
            }
            Err(AppendError::Conflict { last }) => {
                tracing::warn!(room = %self.key.fingerprint(), last, seq = self.order.seq(), "another writer appended to this room");
                return Err(StoreFailure::Stale(Code::StorageUnavailable.into()));
            }
            Err(AppendError::Unknown(error)) => {
                tracing::error!(room = %self.key.fingerprint(), error, "it is unknown whether facts were stored; reading back");
                match self.host.log.read(&self.key, self.order.seq(), facts.len()).await {
                    Ok(found) if self.are(facts, &found) => {}
                    Ok(_) => return Err(StoreFailure::Stale(Code::StorageUnavailable.into())),
                    Err(_) => return Err(StoreFailure::Unknown(Code::StorageUncertain.into())),
                }
            }
        }
        self.log_bytes = self.log_bytes.saturating_add(bytes);
        Ok(())
    }

    /// Returns whether the facts `found` in the log after the last committed one are these
    /// facts, in this history.
    fn are(&self, facts: &[Stored], found: &[StoredFact]) -> bool {
        let mut link = self.link;
        facts.len() == found.len()
            && facts.iter().zip(found).all(|(fact, found)| {
                let Ok(bytes) = encode_fact(&fact.recorded) else { return false };
                link = self.chain.next(link, &bytes);
                bytes == found.bytes && found.link == Some(link)
            })
    }

    /// Brings memory and log together again after facts were not stored, or that is not known.
    pub(super) async fn recover(&mut self, failure: StoreFailure) -> Result<(), End> {
        match failure {
            StoreFailure::NotStored(_) => {
                self.ahead = None;
                Ok(())
            }
            StoreFailure::Stale(_) => self.reload().await,
            StoreFailure::Unknown(_) => Err(End(CloseReason::Unavailable)),
        }
    }

    /// Reloads the room from its log alone. If memory differed, every socket gets the full
    /// state.
    async fn reload(&mut self) -> Result<(), End> {
        let turn = self.host.loader.turn().await;
        let read = self.host.loader.replay_all(&self.key, self.chain).await.map_err(|error| {
            tracing::error!(room = %self.key.fingerprint(), %error, "the room cannot be read back");
            End(CloseReason::Unavailable)
        })?;
        drop(turn);
        self.ahead = None;
        self.log_bytes = read.log_bytes;
        // Another history may result in the same order.
        if read.link != self.link || read.order != self.order {
            self.order = read.order;
            self.link = read.link;
            self.timer.forget_what_is_remembered();
            self.snapshots.start_again();
            // What another writer stored was not shown, so it cannot be sent as missed events.
            self.events = self.events.take().map(|_| Events::after(self.cursor()));
            self.unseat_who_is_gone();
            self.send_state_to_all();
        }
        Ok(())
    }
}
