//! Reading a room from its log.

use order_core::stored::{decode_fact, decode_order};
use order_core::{Order, OrderId, commit};

use crate::log::{LogError, RoomLog};
use crate::{RoomKey, Settings};

/// How many facts are read at a time.
const PAGE: usize = 200;

/// The order as its log says, and the sequence number of the snapshot it was read with (0 without one).
/// An unknown room is an order that nobody has joined.
///
/// # Errors
/// When the log cannot be read, or holds what this release cannot make sense of.
pub(crate) async fn load(
    log: &dyn RoomLog,
    key: &RoomKey,
    settings: &Settings,
) -> Result<(Order, u64), LogError> {
    if let Some(order) = from_snapshot(log, key).await
        && is_of_this_log(log, key, &order).await
    {
        let snapshot_seq = order.seq();
        match replay(log, key, order).await {
            Ok(order) => return Ok((order, snapshot_seq)),
            Err(error) => {
                tracing::warn!(room = %key.fingerprint(), %error, "the snapshot is of no use; replaying the whole log");
            }
        }
    }
    load_from_the_start(log, key, settings).await.map(|order| (order, 0))
}

/// The order as its log alone says.
pub(crate) async fn load_from_the_start(
    log: &dyn RoomLog,
    key: &RoomKey,
    settings: &Settings,
) -> Result<Order, LogError> {
    let id = OrderId::new(key.room()).map_err(|error| LogError(error.to_string()))?;
    replay(log, key, Order::new(id, settings.currency).with_default_policy(settings.policy)).await
}

async fn from_snapshot(log: &dyn RoomLog, key: &RoomKey) -> Option<Order> {
    let snapshot = match log.load_snapshot(key).await {
        Ok(snapshot) => snapshot?,
        Err(error) => {
            tracing::warn!(room = %key.fingerprint(), %error, "the snapshot cannot be read");
            return None;
        }
    };
    match decode_order(&snapshot.state) {
        Ok(order) if order.seq() == snapshot.seq && order.id().as_str() == key.room() => Some(order),
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

async fn replay(log: &dyn RoomLog, key: &RoomKey, mut order: Order) -> Result<Order, LogError> {
    loop {
        let facts = log.read(key, order.seq(), PAGE).await?;
        for fact in &facts {
            let next = order.seq().saturating_add(1);
            let damaged = |error: String| LogError(format!("fact {next}: {error}"));
            let recorded = decode_fact(fact).map_err(|error| damaged(error.to_string()))?;
            commit(&mut order, &recorded).map_err(|error| damaged(error.to_string()))?;
        }
        if facts.len() < PAGE {
            return Ok(order);
        }
    }
}
