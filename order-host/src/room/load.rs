//! Reads a room from its log.

use std::sync::Arc;

use order_core::stored::{LogPosition, StoredError, decode_fact, decode_snapshot, decode_without_commands};
use order_core::{Currency, Order, OrderId, Policy, commit};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::RoomKey;
use crate::host::damaged::Damaged;
use crate::host::slice::Slice;
use crate::log::{ChainKey, Link, LogError, RoomLog, StoredFact};

/// How many facts are read at a time.
const PAGE: usize = 200;

/// How many orders are read from the log at the same time. Others wait: reading a large one takes some milliseconds of a core and some
/// mebibytes.
const LOADS_AT_ONCE: usize = 8;

/// Reads orders from the log.
pub(crate) struct Loader {
    log: Arc<dyn RoomLog>,
    /// The log's, once it has been asked for it.
    chain_key: OnceCell<ChainKey>,
    /// What was found damaged, and is not read.
    pub(crate) damaged: Damaged,
    /// The currency and the policy of an order whose first participant names none.
    currency: Currency,
    policy: Policy,
    /// Orders that are read from the log at the same time.
    turns: Semaphore,
}

/// A room as its log says.
pub(crate) struct Loaded {
    /// An unknown room is an order that nobody has joined.
    pub(crate) order: Order,
    /// The sequence number of the snapshot that it was read with; 0 without one.
    pub(crate) snapshot_seq: u64,
    /// How many bytes its facts have; nothing, where a snapshot of an earlier release does not say it.
    log_bytes: Option<u64>,
    /// The link of the last fact; nothing, where a snapshot of an earlier release does not say that of its own.
    link: Option<Link>,
}

impl Loaded {
    /// Where the order stands in its log, as far as that is known.
    pub(crate) fn position(&self) -> LogPosition {
        LogPosition { bytes: self.log_bytes, link: self.link.map(|link| *link.bytes()) }
    }
}

/// A room as its log says, with all that there is to know of it.
pub(super) struct Whole {
    /// An unknown room is an order that nobody has joined.
    pub(super) order: Order,
    /// The sequence number of the last snapshot that says all that there is to know; 0 without one.
    pub(super) snapshot_seq: u64,
    /// How many bytes its facts have.
    pub(super) log_bytes: u64,
    /// The link of the last fact.
    pub(super) link: Link,
    /// By which the links of the facts to come are computed.
    pub(super) chain: ChainKey,
}

/// Reads a snapshot: an order, and where it stands in its log, as far as that was noted.
type Decode = fn(&[u8]) -> Result<(Order, LogPosition), StoredError>;

impl Loader {
    pub(crate) fn new(log: Arc<dyn RoomLog>, currency: Currency, policy: Policy) -> Self {
        Self {
            log,
            chain_key: OnceCell::new(),
            damaged: Damaged::default(),
            currency,
            policy,
            turns: Semaphore::new(LOADS_AT_ONCE),
        }
    }

    /// The log that is read.
    pub(crate) fn log(&self) -> &dyn RoomLog {
        self.log.as_ref()
    }

    /// Waits for a turn to read an order from the log; given back when it is dropped.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.turns.acquire().await.ok()
    }

    /// The key of the links of all rooms.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.chain_key.get_or_try_init(|| self.log.chain_key()).await.copied()
    }

    /// The order as its log says, to be looked at: without the commands that its snapshot remembers, and with what can be known
    /// without reading more than that takes.
    ///
    /// # Errors
    /// When the log cannot be read, or holds what this release cannot make sense of, or the facts that were read do not follow from
    /// each other.
    pub(crate) async fn look(&self, key: &RoomKey) -> Result<Loaded, LogError> {
        self.load_by(key, decode_without_commands).await
    }

    async fn load_by(&self, key: &RoomKey, decode: Decode) -> Result<Loaded, LogError> {
        let log = self.log();
        let chain = self.chain_key().await?;
        if !self.damaged.has_snapshot(key)
            && let Some((order, position)) = from_snapshot(log, key, decode).await
            && let Some(link) = is_of_this_log(log, key, &order, &position).await
        {
            let snapshot_seq = order.seq();
            match replay(log, key, chain, order, link).await {
                Ok((order, link, after)) => {
                    let log_bytes = position.bytes.map(|before| before.saturating_add(after));
                    return Ok(Loaded { order, snapshot_seq, log_bytes, link });
                }
                Err(error) => {
                    tracing::warn!(room = %key.fingerprint(), %error, "the snapshot is of no use; replaying the whole log");
                }
            }
        }
        let Whole { order, snapshot_seq, log_bytes, link, .. } = self.replay_all(key, chain).await?;
        Ok(Loaded { order, snapshot_seq, log_bytes: Some(log_bytes), link: Some(link) })
    }

    /// The order as its log says, with all that there is to know: from the first fact on, where a snapshot of an earlier release
    /// does not say it.
    ///
    /// # Errors
    /// As [`Loader::look`].
    pub(super) async fn load(&self, key: &RoomKey) -> Result<Whole, LogError> {
        let chain = self.chain_key().await?;
        let Loaded { order, snapshot_seq, log_bytes, link } = self.load_by(key, decode_whole).await?;
        match (log_bytes, link) {
            (Some(log_bytes), Some(link)) => Ok(Whole { order, snapshot_seq, log_bytes, link, chain }),
            _ => self.replay_all(key, chain).await,
        }
    }

    /// The order as its log alone says, from the first fact on.
    ///
    /// # Errors
    /// As [`Loader::look`].
    pub(super) async fn replay_all(&self, key: &RoomKey, chain: ChainKey) -> Result<Whole, LogError> {
        let id = OrderId::new(key.room()).map_err(|error| LogError(error.to_string()))?;
        let empty = Order::new(id, self.currency).with_default_policy(self.policy);
        let start = chain.start(key);
        let (order, link, log_bytes) = replay(self.log(), key, chain, empty, Some(start)).await?;
        Ok(Whole { order, snapshot_seq: 0, log_bytes, link: link.unwrap_or(start), chain })
    }
}

/// Reads a snapshot that says all that there is to know. One of an earlier release does not, and what it leaves out would be missing
/// from the next snapshot, too.
fn decode_whole(bytes: &[u8]) -> Result<(Order, LogPosition), StoredError> {
    match decode_snapshot(bytes)? {
        (_, LogPosition { bytes: None, .. } | LogPosition { link: None, .. }) => {
            Err(StoredError::Damaged("position"))
        }
        whole => Ok(whole),
    }
}

/// The order of a snapshot, and where it stands in its log, as far as that was noted.
async fn from_snapshot(log: &dyn RoomLog, key: &RoomKey, decode: Decode) -> Option<(Order, LogPosition)> {
    let snapshot = match log.load_snapshot(key).await {
        Ok(snapshot) => snapshot?,
        Err(error) => {
            tracing::warn!(room = %key.fingerprint(), %error, "the snapshot cannot be read");
            return None;
        }
    };
    match decode(&snapshot.state) {
        Ok((order, position)) if order.seq() == snapshot.seq && order.id().as_str() == key.room() => {
            Some((order, position))
        }
        Ok(_) => None,
        Err(error) => {
            tracing::info!(room = %key.fingerprint(), %error, "the snapshot is not readable; replaying the log");
            None
        }
    }
}

/// Whether the last fact that `order` includes is in the log, in the same history; with its link, where that is known. It is not
/// when the log is a backup older than its snapshot, or went on otherwise, or is another log altogether.
async fn is_of_this_log(
    log: &dyn RoomLog,
    key: &RoomKey,
    order: &Order,
    position: &LogPosition,
) -> Option<Option<Link>> {
    let facts = log.read(key, order.seq().saturating_sub(1), 1).await.unwrap_or_default();
    let noted = position.link.map(Link::new);
    let is_of_it = facts.first().is_some_and(|last| match (noted, last.link) {
        (Some(noted), Some(stored)) => noted == stored,
        // An earlier release wrote one of the two.
        (None, _) | (_, None) => decode_fact(&last.bytes)
            .is_ok_and(|last| last.seq == order.seq() && last.at == order.updated_at()),
    });
    if !is_of_it {
        tracing::warn!(room = %key.fingerprint(), seq = order.seq(), "the snapshot is not of this log; replaying the log");
        return None;
    }
    Some(noted.or(facts.first().and_then(|last| last.link)))
}

/// The order with what its log says after it, the link of the last fact, and how many bytes there are after it. The links of facts
/// are checked where that of the one before is known.
async fn replay(
    log: &dyn RoomLog,
    key: &RoomKey,
    chain: ChainKey,
    mut order: Order,
    mut link: Option<Link>,
) -> Result<(Order, Option<Link>, u64), LogError> {
    let mut bytes = 0_u64;
    loop {
        let facts = log.read(key, order.seq(), PAGE).await?;
        let mut slice = Slice::begin();
        for fact in &facts {
            let next = order.seq().saturating_add(1);
            link = link.map(|before| chain.follow(before, fact)).transpose().map_err(damaged(next))?;
            let recorded = decode_fact(&fact.bytes).map_err(damaged(next))?;
            commit(&mut order, &recorded).map_err(damaged(next))?;
            slice.end_if_long().await;
        }
        bytes = bytes.saturating_add(total_bytes(&facts));
        if facts.len() < PAGE {
            return Ok((order, link, bytes));
        }
    }
}

/// What is said of a fact that is not what it was, or cannot be read.
fn damaged<E: std::fmt::Display>(seq: u64) -> impl Fn(E) -> LogError {
    move |error| LogError(format!("fact {seq}: {error}"))
}

/// How many bytes these facts have together.
pub(super) fn total_bytes(facts: &[StoredFact]) -> u64 {
    facts.iter().fold(0, |sum, fact| sum.saturating_add(fact.bytes.len() as u64))
}
