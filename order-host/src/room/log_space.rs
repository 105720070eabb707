//! Limits the bytes of one order's log, and how fast one participant may fill it.
//!
//! What is stored stays stored, so changes without end to a small order fill a disk as well as a large order does. The log
//! of an order is bounded in bytes, and so is what one participant adds to it in a time. The bill can be closed and paid all
//! the same: the last part of a log is kept for that, for the owner and for the back end.

use order_core::fact::TableFact;
use order_core::stored::encode_fact;
use order_core::{Actor, Code, Fact, Recorded, Rejection};

use super::store::Proposed;
use super::{ConnectionId, Room};
use crate::log::{Link, StoredFact};

/// How many of the [`PARTS`] of a log are reserved for its owner, for finalizing, for
/// payments, for transfers between friends and for the back end.
const RESERVED: u64 = 4;
/// How many of those the owner, who is a guest, may not use: they are for finalizing,
/// payments and the back end.
const KEPT_TO_THE_END: u64 = 1;
const PARTS: u64 = 32;

/// The approximate overhead of a stored fact: the room's name, twice (it is also in the
/// index), numbers, its link, and free space in a page.
const BESIDE_EACH_FACT: usize = 64;

/// How much of a log a fact may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// What everybody may use.
    Everybodys,
    /// Also what is reserved for the owner and for transfers.
    Owners,
    /// All of it: payments, and commands of the back end.
    Whole,
    /// Without limit: it happens once, or only as often as other facts permit.
    Unbounded,
}

impl Reach {
    /// Returns how many bytes of a log of `most` may be used.
    fn of(self, most: u64) -> u64 {
        let without = |parts: u64| most.saturating_sub(most.saturating_mul(parts) / PARTS);
        match self {
            Self::Everybodys => without(RESERVED),
            Self::Owners => without(KEPT_TO_THE_END),
            Self::Whole => most,
            Self::Unbounded => u64::MAX,
        }
    }
}

impl Room {
    /// Encodes a fact that was judged, to be stored.
    ///
    /// `ahead` bytes are about to be stored before it, and the last fact of those has the link `before`.
    ///
    /// # Errors
    /// When the fact would make the log of the order too large, or its author adds too much in too short a time.
    pub(super) fn propose(
        &mut self,
        connection: Option<ConnectionId>,
        recorded: Recorded,
        ahead: u64,
        before: Link,
    ) -> Result<Proposed, Rejection> {
        let encoded = encode_fact(&recorded).map_err(|error| {
            tracing::error!(room = %self.key.fingerprint(), %error, "a fact cannot be written");
            Rejection::new(Code::StorageUnavailable)
        })?;
        let reach = self.reach(&recorded);
        let each = self.key.as_str().len().saturating_mul(2).saturating_add(BESIDE_EACH_FACT);
        let takes = encoded.len().saturating_add(each);
        if let Some(most) = self.host.settings.log_bytes {
            let beside = recorded.seq.saturating_mul(each as u64);
            let facts = self.log_bytes.saturating_add(ahead).saturating_add(encoded.len() as u64);
            let after = facts.saturating_add(beside);
            if after > reach.of(most) {
                let whole = format!("at most {} KiB of stored changes in one order", most / 1024);
                return Err(Rejection::new(Code::LogFull).expected(whole));
            }
        }
        if let Some(who) = recorded.by.id()
            && reach != Reach::Unbounded
        {
            if let Some(pace) = self.host.settings.participant_log
                && self.order.person(who).is_some()
            {
                self.members.count_stored(who, pace, takes, reach != Reach::Everybodys)?;
            }
            if let Some(connection) = connection.filter(|_| reach != Reach::Whole) {
                self.members.ask_for_space(connection, takes)?;
            }
        }
        let link = self.chain.next(before, &encoded);
        let encoded = StoredFact { bytes: encoded, link: Some(link) };
        Ok(Proposed { recorded, encoded, link })
    }

    fn reach(&self, recorded: &Recorded) -> Reach {
        match (&recorded.by, &recorded.fact) {
            (Actor::Clock, _) | (_, Fact::Table(TableFact::Finalized { .. })) => Reach::Unbounded,
            (Actor::Backend, _) | (_, Fact::Payment(_)) => Reach::Whole,
            // Friends settle up although the log is full of dishes. There are not many of these.
            (Actor::Participant(_), Fact::Transfer(_)) => Reach::Owners,
            (Actor::Participant(who), _) if self.order_ahead().is_owned_by(who) => Reach::Owners,
            (Actor::Participant(_), _) => Reach::Everybodys,
        }
    }
}
