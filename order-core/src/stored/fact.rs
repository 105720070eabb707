//! The stored form of one fact. The fields of each fact are in the file of its topic.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::charges::{self, StoredCharges, StoredServiceWaived, StoredTipSet};
use super::claims::{self, StoredItemShared};
use super::dishes::{
    self, StoredItemAdded, StoredItemEdited, StoredItemRemoved, StoredItemRestored, StoredItemsAdded,
    StoredItemsRemoved, StoredItemsRestored, StoredQuantityUpdated,
};
use super::payments::{self, StoredPaymentRecorded, StoredPaymentRefunded, StoredPaymentUpdated};
use super::people::{
    self, StoredAdded, StoredHandedOver, StoredJoined, StoredLeft, StoredReadmitted, StoredReadySet,
    StoredRemoved,
};
use super::revised::StoredItemCorrected;
use super::split::{self, StoredSplitUpdated};
use super::table::{
    self, StoredCommonLimitSet, StoredDeadlineSet, StoredFinalized, StoredLimitSet, StoredLockSet,
    StoredReminded, StoredReopened, StoredTableRules,
};
use super::transfers::{self, StoredTransferAnswered, StoredTransferCancelled, StoredTransferRecorded};
use super::version::{self, StoredError, Upcast};
use crate::fact::{Fact, Recorded, TableFact};
use crate::{Actor, CommandId, ParticipantId, Stamp, UnixMillis};

/// The upcasts from each version of a stored fact to the next. Append; never change what is
/// here.
///
/// 1 to 2: added shared dishes, charges, payments and command ids; earlier fields are
/// unchanged, except that `finalized` can now say who is on the bill.
const UPCASTS: &[Upcast] = &[|mut document| {
    if document.get("fact").is_some_and(|fact| fact == "finalized")
        && let Some(record) = document.as_object_mut()
    {
        record.insert("fact".to_owned(), json!({ "finalized": {} }));
    }
    document
}];

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    seq: u64,
    at: u64,
    /// A participant's id; `null`: the back end or the clock. Never absent.
    #[serde(deserialize_with = "Option::deserialize")]
    by: Option<String>,
    /// Whether it was the clock; absent if not.
    #[serde(default, skip_serializing_if = "is_false")]
    clock: bool,
    /// The id of the command that asked for it, and the digest of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<(String, u64)>,
    fact: StoredFact,
}

/// A fact of any topic. In JSON, names of facts are one flat list without topics, so this lists the forms of all topics, and each
/// topic's file converts its own facts to entries of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredFact {
    Joined(StoredJoined),
    PersonAdded(StoredAdded),
    Left(StoredLeft),
    ReadySet(StoredReadySet),
    HandedOver(StoredHandedOver),
    Removed(StoredRemoved),
    Readmitted(StoredReadmitted),
    ItemAdded(StoredItemAdded),
    ItemRestored(StoredItemRestored),
    ItemRemoved(StoredItemRemoved),
    QuantityUpdated(StoredQuantityUpdated),
    ItemEdited(StoredItemEdited),
    ItemsAdded(StoredItemsAdded),
    ItemsRemoved(StoredItemsRemoved),
    ItemsRestored(StoredItemsRestored),
    ItemCorrected(StoredItemCorrected),
    ItemShared(StoredItemShared),
    SplitUpdated(StoredSplitUpdated),
    ChargesSet(StoredCharges),
    TipSet(StoredTipSet),
    ServiceWaived(StoredServiceWaived),
    PaymentRecorded(StoredPaymentRecorded),
    PaymentUpdated(StoredPaymentUpdated),
    PaymentRefunded(StoredPaymentRefunded),
    TransferRecorded(StoredTransferRecorded),
    TransferAnswered(StoredTransferAnswered),
    TransferCancelled(StoredTransferCancelled),
    RulesSet(StoredTableRules),
    LockSet(StoredLockSet),
    LimitSet(StoredLimitSet),
    CommonLimitSet(StoredCommonLimitSet),
    DeadlineSet(StoredDeadlineSet),
    Reminded(StoredReminded),
    Expired {},
    Archived {},
    Finalized(StoredFinalized),
    Reopened(StoredReopened),
}

/// Encodes a fact in its stored form.
///
/// # Errors
/// None that a fact of this crate can cause.
pub fn encode_fact(recorded: &Recorded) -> Result<Vec<u8>, StoredError> {
    let by = recorded.by.id();
    let command = recorded.stamp.as_ref().map(|stamp| (stamp.id().as_str().to_owned(), stamp.digest()));
    let record = StoredRecord {
        seq: recorded.seq,
        at: recorded.at.get(),
        by: by.map(|id| id.as_str().to_owned()),
        clock: recorded.by == Actor::Clock,
        command,
        fact: stored_fact(&recorded.fact, by),
    };
    version::write(&record, UPCASTS)
}

/// Converts a fact to its stored form. A dish that its author has alone is stored without claims.
pub(super) fn stored_fact(fact: &Fact, by: Option<&ParticipantId>) -> StoredFact {
    match fact {
        Fact::People(fact) => people::store(fact),
        Fact::Dish(fact) => dishes::store(fact, by),
        Fact::Claim(fact) => claims::store(fact),
        Fact::Split(rule) => split::store(rule),
        Fact::Charge(fact) => charges::store(fact),
        Fact::Payment(fact) => payments::store(fact),
        Fact::Transfer(fact) => transfers::store(fact),
        Fact::Table(fact) => table::store(fact),
    }
}

/// Decodes a fact from its stored form, of this or any earlier version.
///
/// # Errors
/// When a later release wrote it, or when it is damaged.
pub fn decode_fact(bytes: &[u8]) -> Result<Recorded, StoredError> {
    let record: StoredRecord = version::read(bytes, UPCASTS)?;
    let by = match (&record.by, record.clock) {
        (Some(id), false) => Actor::Participant(ParticipantId::from_stored(id)),
        (None, false) => Actor::Backend,
        (None, true) => Actor::Clock,
        (Some(_), true) => return Err(StoredError::Damaged("author")),
    };
    let fact = read_fact(record.fact, by.id())?;
    let stamp = record.command.map(|(id, digest)| Stamp::new(CommandId::from_stored(&id), digest));
    Ok(Recorded { seq: record.seq, at: UnixMillis::new(record.at), by, stamp, fact })
}

/// Converts a fact from its stored form, given its author.
pub(super) fn read_fact(stored: StoredFact, by: Option<&ParticipantId>) -> Result<Fact, StoredError> {
    Ok(match stored {
        StoredFact::Joined(stored) => Fact::People(stored.read()?),
        StoredFact::PersonAdded(stored) => Fact::People(stored.read()),
        StoredFact::Left(stored) => Fact::People(stored.read()),
        StoredFact::ReadySet(stored) => Fact::People(stored.read()),
        StoredFact::HandedOver(stored) => Fact::People(stored.read()),
        StoredFact::Removed(stored) => Fact::People(stored.read()?),
        StoredFact::Readmitted(stored) => Fact::People(stored.read()),
        StoredFact::ItemAdded(stored) => Fact::Dish(stored.read(by)?),
        StoredFact::ItemRestored(stored) => Fact::Dish(stored.read()?),
        StoredFact::ItemRemoved(stored) => Fact::Dish(stored.read()),
        StoredFact::QuantityUpdated(stored) => Fact::Dish(stored.read()?),
        StoredFact::ItemEdited(stored) => Fact::Dish(stored.read()),
        StoredFact::ItemsAdded(stored) => Fact::Dish(stored.read(by)?),
        StoredFact::ItemsRemoved(stored) => Fact::Dish(stored.read()),
        StoredFact::ItemsRestored(stored) => Fact::Dish(stored.read()?),
        StoredFact::ItemCorrected(stored) => Fact::Dish(stored.read()?),
        StoredFact::ItemShared(stored) => Fact::Claim(stored.read()?),
        StoredFact::SplitUpdated(stored) => Fact::Split(stored.read()?),
        StoredFact::ChargesSet(stored) => Fact::Charge(stored.read()?),
        StoredFact::TipSet(stored) => Fact::Charge(stored.read()?),
        StoredFact::ServiceWaived(stored) => Fact::Charge(stored.read()),
        StoredFact::PaymentRecorded(stored) => Fact::Payment(stored.read()),
        StoredFact::PaymentUpdated(stored) => Fact::Payment(stored.read()),
        StoredFact::PaymentRefunded(stored) => Fact::Payment(stored.read()),
        StoredFact::TransferRecorded(stored) => Fact::Transfer(stored.read()),
        StoredFact::TransferAnswered(stored) => Fact::Transfer(stored.read()),
        StoredFact::TransferCancelled(stored) => Fact::Transfer(stored.read()),
        StoredFact::RulesSet(stored) => Fact::Table(stored.read()),
        StoredFact::LockSet(stored) => Fact::Table(stored.read()),
        StoredFact::LimitSet(stored) => Fact::Table(stored.read()?),
        StoredFact::CommonLimitSet(stored) => Fact::Table(stored.read()?),
        StoredFact::DeadlineSet(stored) => Fact::Table(stored.read()),
        StoredFact::Reminded(stored) => Fact::Table(stored.read()),
        StoredFact::Expired {} => Fact::Table(TableFact::Expired),
        StoredFact::Archived {} => Fact::Table(TableFact::Archived),
        StoredFact::Finalized(stored) => Fact::Table(stored.read()),
        StoredFact::Reopened(stored) => Fact::Table(stored.read()),
    })
}

/// For serde's `skip_serializing_if`.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}
