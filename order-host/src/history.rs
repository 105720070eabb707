//! Reading an order's history: the log, replayed from its beginning.
//!
//! Entries say what was before, such as the name of a dish that is taken off, so the order is followed from its first fact on.
//! That is some microseconds a fact, on nobody's time but the asker's: a room does not wait for it.

use std::collections::VecDeque;

use order_core::stored::decode_fact;
use order_core::wire::{HistoryPage, history_entry};
use order_core::{Order, OrderId, ParticipantId, commit};
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;

use crate::log::LogError;
use crate::shared::Shared;
use crate::{Counted, RoomKey, Ticket};

/// How many facts are read at a time. The others on this thread have their turn in between, and so have other histories: a
/// short one does not wait for the end of a long one.
const FACTS_AT_ONCE: usize = 100;

/// How many bytes the entries of a page may have together, unless it has one alone: for whoever reads slowly it is in memory for long.
const PAGE_BYTES: usize = 256 * 1024;

/// How many histories are read in the same moment, of all rooms.
const READ_AT_ONCE: usize = 2;

/// How many histories of one room may be read or wait for their turn.
const OF_ONE_ROOM: usize = 16;

/// How many histories have an order in memory that they follow. Others wait before they begin.
const IN_MEMORY: usize = 64;

/// Why there is no history to be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// Nobody has joined the order, or whoever asks was never part of it, or was removed.
    #[error("only those on the order may read its history")]
    NotAtTheTable,
    /// They read one already, or many others on the order do.
    #[error("one history at a time for each person, and {OF_ONE_ROOM} for an order")]
    Busy,
    /// The host drains.
    #[error("the server restarts")]
    Draining,
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Who reads histories.
#[derive(Debug)]
pub(crate) struct Histories {
    askers: Counted<Asker>,
    rooms: Counted<RoomKey>,
    in_memory: Semaphore,
    turns: Semaphore,
}

/// Somebody in a room; without a name, the back end.
type Asker = (RoomKey, Option<ParticipantId>);

impl Default for Histories {
    fn default() -> Self {
        Self {
            askers: Counted::default(),
            rooms: Counted::default(),
            in_memory: Semaphore::new(IN_MEMORY),
            turns: Semaphore::new(READ_AT_ONCE),
        }
    }
}

/// A place among those who read a history.
pub(crate) struct Reading {
    room: RoomKey,
    _places: (Ticket<Asker>, Ticket<RoomKey>),
}

/// A page of an order's history.
#[derive(Debug)]
pub(crate) struct Page {
    /// Oldest first, as JSON texts.
    pub(crate) entries: Vec<String>,
    /// Whether there are earlier ones.
    pub(crate) more: bool,
}

impl Reading {
    /// A place for `asker`, who may have one at a time, on however many sockets; nothing, if there is none.
    pub(crate) fn begin(shared: &Shared, room: &RoomKey, asker: Option<&ParticipantId>) -> Option<Self> {
        let histories = &shared.histories;
        let of_asker = histories.askers.take(&(room.clone(), asker.cloned()), 1)?;
        let of_room = histories.rooms.take(room, OF_ONE_ROOM)?;
        Some(Self { room: room.clone(), _places: (of_asker, of_room) })
    }

    /// Waits for a turn, in which something of the log may be read.
    pub(crate) async fn turn<'shared>(
        &self,
        shared: &'shared Shared,
    ) -> Result<SemaphorePermit<'shared>, LogError> {
        // Overflow: who waits is bounded by how many there are to ask, for each has one at a time.
        shared.histories.turns.acquire().await.map_err(|error| LogError(error.to_string()))
    }

    /// Reads a page, up to the fact `last`; nothing, once the host drains or the page is not wanted any more.
    pub(crate) async fn read(
        &self,
        shared: &Shared,
        last: u64,
        page: HistoryPage,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Page>, LogError> {
        let damaged = |error: &dyn std::fmt::Display| LogError(error.to_string());
        // Overflow: as for turns.
        let in_memory = shared.histories.in_memory.acquire().await;
        let _in_memory = in_memory.map_err(|error| damaged(&error))?;
        let id = OrderId::new(self.room.room()).map_err(|error| damaged(&error))?;
        let mut order = Order::new(id, shared.settings.currency).with_default_policy(shared.settings.policy);
        let end = page.before.map_or(last, |before| last.min(before.saturating_sub(1)));
        let mut entries = VecDeque::<String>::new();
        let mut bytes = 0_usize;
        while order.seq() < end {
            let _turn = self.turn(shared).await?;
            if shared.is_draining() || !is_wanted() {
                return Ok(None);
            }
            let facts = shared.log.read(&self.room, order.seq(), FACTS_AT_ONCE).await?;
            if facts.is_empty() {
                return Err(LogError(format!("fact {} is not there", order.seq().saturating_add(1))));
            }
            for fact in facts {
                if order.seq() == end {
                    break;
                }
                let recorded = decode_fact(&fact.bytes).map_err(|error| damaged(&error))?;
                let wanted = end.saturating_sub(recorded.seq) < page.limit as u64;
                if wanted {
                    let entry = history_entry(&order, &recorded);
                    bytes = bytes.saturating_add(entry.len());
                    entries.push_back(entry);
                    while bytes > PAGE_BYTES
                        && entries.len() > 1
                        && let Some(earliest) = entries.pop_front()
                    {
                        bytes = bytes.saturating_sub(earliest.len());
                    }
                }
                commit(&mut order, &recorded).map_err(|error| damaged(&error))?;
            }
            yield_now().await;
        }
        let more = end > entries.len() as u64;
        Ok(Some(Page { entries: entries.into(), more }))
    }
}

/// Whether somebody may read the history of an order: who was ever part of it and was not removed.
pub(crate) fn may_read(order: &Order, who: &ParticipantId) -> bool {
    order.person(who).is_some() && order.removed().all(|person| person.id() != who)
}
