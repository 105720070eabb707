//! Reads orders without their rooms: pages of history, and glances.
//!
//! Entries say what was before, such as the name of a dish that is taken off, so the order is followed from its first fact on, which
//! takes some microseconds a fact. It happens once: the entries are remembered, and a room that is in memory adds what happens since.
//! A room does not wait for it.

pub(crate) mod cursor;
pub(crate) mod glances;
pub(crate) mod page;
pub(crate) mod transcripts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use order_core::stored::decode_fact;
use order_core::wire::{HistoryPage, history_entry};
use order_core::{Currency, Order, OrderId, ParticipantId, Policy, commit};
use thiserror::Error;
use tokio::sync::{Mutex as Turn, Semaphore, SemaphorePermit};
use tokio::task::yield_now;

use crate::history::page::Page;
use crate::history::transcripts::{Run, Transcripts};
use crate::host::slice::Slice;
use crate::host::tasks::Tasks;
use crate::log::{LogError, RoomLog};
use crate::{Counted, NotYet, RoomKey, Ticket};

/// How many facts are read at a time. Between two reads, other tasks of the thread and
/// other histories have their turn: a short history does not wait for the end of a long
/// one.
const FACTS_AT_ONCE: usize = 100;

/// How many histories are read at the same moment, over all rooms.
const READ_AT_ONCE: usize = 2;

/// How many requests for the history of one room may run or wait at once.
const OF_ONE_ROOM: usize = 16;

/// How many replays may hold an order in memory at once. Others wait before they begin.
const IN_MEMORY: usize = 8;

/// The reason why a history cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// Nobody has joined the order, or the asker was never part of it or was removed.
    #[error("only participants of the order can read its history")]
    NotAtTheTable,
    /// The asker has a request running already, or the order has too many.
    #[error("too many histories at once: at most one for each person, and {OF_ONE_ROOM} for an order")]
    Busy,
    /// The asker's budget of answers is used up.
    #[error("{}", .0.bound)]
    TooMuch(NotYet),
    /// The host drains.
    #[error("the server is restarting")]
    Draining,
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Reads histories, and knows who reads one.
pub(crate) struct Histories {
    log: Arc<dyn RoomLog>,
    /// The currency and the policy of an order whose first participant names none.
    currency: Currency,
    policy: Policy,
    /// A history is not read on while the host drains.
    tasks: Tasks,
    askers: Counted<Asker>,
    rooms: Counted<RoomKey>,
    in_memory: Semaphore,
    turns: Semaphore,
    /// The cached entries.
    pub(crate) transcripts: Transcripts,
    /// Held while the history of an order is read. One entry for each order that is being read.
    readers: Mutex<HashMap<RoomKey, Weak<Turn<()>>>>,
}

/// A participant of a room, or the back end (`None`).
type Asker = (RoomKey, Option<ParticipantId>);

impl Histories {
    pub(crate) fn new(log: Arc<dyn RoomLog>, currency: Currency, policy: Policy, tasks: Tasks) -> Self {
        Self {
            log,
            currency,
            policy,
            tasks,
            askers: Counted::default(),
            rooms: Counted::default(),
            in_memory: Semaphore::new(IN_MEMORY),
            turns: Semaphore::new(READ_AT_ONCE),
            transcripts: Transcripts::default(),
            readers: Mutex::default(),
        }
    }

    /// Waits for a turn to read from the log.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, LogError> {
        // Overflow: the number of waiters is bounded, because each asker has one request at a time.
        self.turns.acquire().await.map_err(|error| LogError(error.to_string()))
    }

    /// Returns the lock that readers of this order's history hold in turn.
    fn readers_of(&self, room: &RoomKey) -> Arc<Turn<()>> {
        // Nothing panics while it holds the lock.
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = readers.get(room).and_then(Weak::upgrade) {
            return turn;
        }
        // There are few: each has an asker, and most pages are cached.
        readers.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        readers.insert(room.clone(), Arc::downgrade(&turn));
        turn
    }
}

/// A permit to read a history.
pub(crate) struct Reading {
    room: RoomKey,
    _places: (Ticket<Asker>, Ticket<RoomKey>),
}

impl Reading {
    /// Takes a permit for `asker`, who may have one at a time over all sockets. `None`: a limit
    /// is reached.
    pub(crate) fn begin(
        histories: &Histories,
        room: &RoomKey,
        asker: Option<&ParticipantId>,
    ) -> Option<Self> {
        let of_asker = histories.askers.take(&(room.clone(), asker.cloned()), 1)?;
        let of_room = histories.rooms.take(room, OF_ONE_ROOM)?;
        Some(Self { room: room.clone(), _places: (of_asker, of_room) })
    }

    /// Returns a page, up to the fact `last`, from the cache or else from the log. `None`: the
    /// host drains, or the page is not wanted any more.
    pub(crate) async fn read(
        &self,
        histories: &Histories,
        last: u64,
        page: HistoryPage,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Page>, LogError> {
        let end = page.before.map_or(last, |before| last.min(before.saturating_sub(1)));
        let remembered = || histories.transcripts.page(&self.room, end, page.limit);
        if let Some(page) = remembered() {
            return Ok(Some(page));
        }
        // The history of an order is read once at a time: the next asker most likely finds it
        // cached.
        let readers = histories.readers_of(&self.room);
        let _reader = readers.lock().await;
        if let Some(page) = remembered() {
            return Ok(Some(page));
        }
        self.replay(histories, end, last, page.limit, is_wanted).await
    }

    /// Replays the order from its first fact, and caches the entries.
    async fn replay(
        &self,
        histories: &Histories,
        end: u64,
        last: u64,
        limit: usize,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Page>, LogError> {
        let damaged = |error: &dyn std::fmt::Display| LogError(error.to_string());
        // Overflow: as in `turn`.
        let in_memory = histories.in_memory.acquire().await;
        let _in_memory = in_memory.map_err(|error| damaged(&error))?;
        let id = OrderId::new(self.room.room()).map_err(|error| damaged(&error))?;
        let mut order = Order::new(id, histories.currency).with_default_policy(histories.policy);
        let transcripts = &histories.transcripts;
        let read_to = transcripts.read_to(&self.room, end, last);
        let (mut read, mut page) = (Run::from_the_start(), Page::default());
        while order.seq() < read_to {
            let _turn = histories.turn().await?;
            if histories.tasks.is_draining() || !is_wanted() {
                return Ok(None);
            }
            let facts = histories.log.read(&self.room, order.seq(), FACTS_AT_ONCE).await?;
            if facts.is_empty() {
                return Err(LogError(format!("fact {} is missing", order.seq().saturating_add(1))));
            }
            let mut slice = Slice::begin();
            for fact in facts {
                if order.seq() == read_to {
                    break;
                }
                let recorded = decode_fact(&fact.bytes).map_err(|error| damaged(&error))?;
                let entry = history_entry(&order, &recorded);
                if recorded.seq <= end && end.saturating_sub(recorded.seq) < limit as u64 {
                    page.push(entry.clone());
                }
                read.push(entry);
                commit(&mut order, &recorded).map_err(|error| damaged(&error))?;
                page.work = page.work.saturating_add(slice.end_if_long().await);
            }
            page.work = page.work.saturating_add(slice.end());
            yield_now().await;
        }
        page.more = end > page.entries.len() as u64;
        transcripts.keep(&self.room, read);
        Ok(Some(page))
    }
}
