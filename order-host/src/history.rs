//! Reading an order's history: the log, replayed from its beginning.
//!
//! Entries say what was before, such as the name of a dish that is taken off, so the order is followed from its first fact on.
//! That is some microseconds a fact, on nobody's time but the asker's: a room does not wait for it.

use std::collections::VecDeque;

use order_core::stored::decode_fact;
use order_core::wire::{HistoryPage, history_entry};
use order_core::{Order, OrderId, ParticipantId, commit};
use tokio::task::yield_now;

use crate::RoomKey;
use crate::log::LogError;
use crate::shared::Shared;

/// How many facts are read at a time. The others on this thread have their turn in between.
const FACTS_AT_ONCE: usize = 100;

/// How many histories are read at a time, of all rooms.
pub(crate) const READ_AT_ONCE: usize = 2;

/// A page of an order's history.
#[derive(Debug)]
pub(crate) struct Page {
    /// Oldest first, as JSON texts.
    pub(crate) entries: Vec<String>,
    /// Whether there are earlier ones.
    pub(crate) more: bool,
}

/// Reads a page of the history of `room`, up to the fact `last`.
pub(crate) async fn read(
    shared: &Shared,
    room: &RoomKey,
    last: u64,
    page: HistoryPage,
) -> Result<Page, LogError> {
    // Overflow: who asks waits, and each asks for one at a time.
    let _turn = shared.history_turns.acquire().await.map_err(|error| LogError(error.to_string()))?;
    let damaged = |error: &dyn std::fmt::Display| LogError(error.to_string());
    let id = OrderId::new(room.room()).map_err(|error| damaged(&error))?;
    let mut order = Order::new(id, shared.settings.currency).with_default_policy(shared.settings.policy);
    let end = page.before.map_or(last, |before| last.min(before.saturating_sub(1)));
    let mut entries = VecDeque::new();
    while order.seq() < end {
        let facts = shared.log.read(room, order.seq(), FACTS_AT_ONCE).await?;
        if facts.is_empty() {
            return Err(LogError(format!("fact {} is not there", order.seq().saturating_add(1))));
        }
        for fact in facts {
            if order.seq() == end {
                break;
            }
            let recorded = decode_fact(&fact).map_err(|error| damaged(&error))?;
            let wanted = end.saturating_sub(recorded.seq) < page.limit as u64;
            if wanted {
                entries.push_back(history_entry(&order, &recorded));
            }
            commit(&mut order, &recorded).map_err(|error| damaged(&error))?;
        }
        yield_now().await;
    }
    let more = end > entries.len() as u64;
    Ok(Page { entries: entries.into(), more })
}

/// Whether somebody may read the history of an order: who was ever part of it and was not removed.
pub(crate) fn may_read(order: &Order, who: &ParticipantId) -> bool {
    order.person(who).is_some() && order.removed().all(|person| person.id() != who)
}
