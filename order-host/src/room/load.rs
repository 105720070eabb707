//! Reading a room from its log.

use order_core::stored::{StoredError, decode_fact, decode_snapshot, decode_without_commands};
use order_core::{Order, OrderId, commit};

use crate::log::{LogError, RoomLog, StoredFact};
use crate::slice::Slice;
use crate::{RoomKey, Settings};

/// How many facts are read at a time.
const PAGE: usize = 200;

/// A room as its log says.
pub(crate) struct Loaded {
    /// An unknown room is an order that nobody has joined.
    pub(crate) order: Order,
    /// The sequence number of the snapshot that it was read with; 0 without one.
    pub(crate) snapshot_seq: u64,
    /// How many bytes its facts have; nothing, where a snapshot of an earlier release does not say it.
    pub(crate) log_bytes: Option<u64>,
}

/// The order as its log says.
///
/// # Errors
/// When the log cannot be read, or holds what this release cannot make sense of.
pub(crate) async fn load(log: &dyn RoomLog, key: &RoomKey, settings: &Settings) -> Result<Loaded, LogError> {
    load_by(log, key, settings, decode_snapshot).await
}

/// The order as its log says, to be looked at: without the commands that its snapshot remembers.
///
/// # Errors
/// As [`load`].
pub(crate) async fn look(log: &dyn RoomLog, key: &RoomKey, settings: &Settings) -> Result<Loaded, LogError> {
    load_by(log, key, settings, |state| Ok((decode_without_commands(state)?, None))).await
}

/// Reads a snapshot: an order, and how many bytes its facts have, where that was counted.
type Decode = fn(&[u8]) -> Result<(Order, Option<u64>), StoredError>;

async fn load_by(
    log: &dyn RoomLog,
    key: &RoomKey,
    settings: &Settings,
    decode: Decode,
) -> Result<Loaded, LogError> {
    if let Some((order, log_bytes)) = from_snapshot(log, key, decode).await
        && is_of_this_log(log, key, &order).await
    {
        match on_top_of(log, key, order, log_bytes).await {
            Ok(loaded) => return Ok(loaded),
            Err(error) => {
                tracing::warn!(room = %key.fingerprint(), %error, "the snapshot is of no use; replaying the whole log");
            }
        }
    }
    load_from_the_start(log, key, settings).await
}

/// The order as its log alone says.
pub(crate) async fn load_from_the_start(
    log: &dyn RoomLog,
    key: &RoomKey,
    settings: &Settings,
) -> Result<Loaded, LogError> {
    let id = OrderId::new(key.room()).map_err(|error| LogError(error.to_string()))?;
    let nobodys = Order::new(id, settings.currency).with_default_policy(settings.policy);
    let (order, log_bytes) = replay(log, key, nobodys).await?;
    Ok(Loaded { order, snapshot_seq: 0, log_bytes: Some(log_bytes) })
}

/// The order of a snapshot, and what its log says after that.
async fn on_top_of(
    log: &dyn RoomLog,
    key: &RoomKey,
    order: Order,
    log_bytes: Option<u64>,
) -> Result<Loaded, LogError> {
    let snapshot_seq = order.seq();
    let (order, after) = replay(log, key, order).await?;
    let log_bytes = log_bytes.map(|before| before.saturating_add(after));
    Ok(Loaded { order, snapshot_seq, log_bytes })
}

/// The order of a snapshot, and how many bytes its facts have, where that was counted.
async fn from_snapshot(log: &dyn RoomLog, key: &RoomKey, decode: Decode) -> Option<(Order, Option<u64>)> {
    let snapshot = match log.load_snapshot(key).await {
        Ok(snapshot) => snapshot?,
        Err(error) => {
            tracing::warn!(room = %key.fingerprint(), %error, "the snapshot cannot be read");
            return None;
        }
    };
    match decode(&snapshot.state) {
        Ok((order, log_bytes)) if order.seq() == snapshot.seq && order.id().as_str() == key.room() => {
            Some((order, log_bytes))
        }
        Ok(_) => None,
        Err(error) => {
            tracing::info!(room = %key.fingerprint(), %error, "the snapshot is not readable; replaying the log");
            None
        }
    }
}

/// Whether the last fact that `order` includes is in the log. It is not when the log is a backup older than
/// its snapshot, or another log altogether.
async fn is_of_this_log(log: &dyn RoomLog, key: &RoomKey, order: &Order) -> bool {
    let facts = log.read(key, order.seq().saturating_sub(1), 1).await.unwrap_or_default();
    let last = facts.first().and_then(|fact| decode_fact(fact).ok());
    let same = last.is_some_and(|last| last.seq == order.seq() && last.at == order.updated_at());
    if !same {
        tracing::warn!(room = %key.fingerprint(), seq = order.seq(), "the snapshot is not of this log; replaying the log");
    }
    same
}

/// The order with what its log says after it, and how many bytes that has.
async fn replay(log: &dyn RoomLog, key: &RoomKey, mut order: Order) -> Result<(Order, u64), LogError> {
    let mut bytes = 0_u64;
    loop {
        let facts = log.read(key, order.seq(), PAGE).await?;
        let mut slice = Slice::begin();
        for fact in &facts {
            let next = order.seq().saturating_add(1);
            let damaged = |error: String| LogError(format!("fact {next}: {error}"));
            let recorded = decode_fact(fact).map_err(|error| damaged(error.to_string()))?;
            commit(&mut order, &recorded).map_err(|error| damaged(error.to_string()))?;
            slice.end_if_long().await;
        }
        bytes = bytes.saturating_add(total_bytes(&facts));
        if facts.len() < PAGE {
            return Ok((order, bytes));
        }
    }
}

/// How many bytes the facts up to this sequence number have.
pub(super) async fn bytes_up_to(log: &dyn RoomLog, key: &RoomKey, last: u64) -> Result<u64, LogError> {
    let (mut read, mut bytes) = (0_u64, 0_u64);
    while let Some(left) = usize::try_from(last.saturating_sub(read)).ok().filter(|left| *left > 0) {
        let facts = log.read(key, read, left.min(PAGE)).await?;
        if facts.is_empty() {
            break;
        }
        bytes = bytes.saturating_add(total_bytes(&facts));
        read = read.saturating_add(facts.len() as u64);
    }
    Ok(bytes)
}

/// How many bytes these facts have together.
pub(super) fn total_bytes(facts: &[StoredFact]) -> u64 {
    facts.iter().fold(0, |sum, fact| sum.saturating_add(fact.len() as u64))
}
