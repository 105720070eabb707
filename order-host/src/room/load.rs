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

/// How many orders are read from the log at the same time. Others wait: reading a large one
/// takes some milliseconds of a core and some mebibytes.
const LOADS_AT_ONCE: usize = 8;

/// Reads orders from the log.
pub(crate) struct Loader {
    log: Arc<dyn RoomLog>,
    /// The log's chain key, once it has been read.
    chain_key: OnceCell<ChainKey>,
    /// What was found damaged, and is not read.
    pub(crate) damaged: Damaged,
    /// The currency and the policy of an order whose first participant names none.
    currency: Currency,
    policy: Policy,
    /// Limits how many orders are read from the log at the same time.
    turns: Semaphore,
}

/// A room as read from its log.
pub(crate) struct Loaded {
    /// The order. For an unknown room, one that nobody has joined.
    pub(crate) order: Order,
    /// The sequence number of the snapshot it was read from; 0 without one.
    pub(crate) snapshot_seq: u64,
    /// The total size of its facts. `None`: unknown, from a snapshot of an earlier release.
    log_bytes: Option<u64>,
    /// The link of the last fact. `None`: unknown, from a snapshot of an earlier release.
    link: Option<Link>,
}

impl Loaded {
    /// Returns the order's position in its log, as far as it is known.
    pub(crate) fn position(&self) -> LogPosition {
        LogPosition { bytes: self.log_bytes, link: self.link.map(|link| *link.bytes()) }
    }
}

/// A room as read from its log, with its complete position.
pub(super) struct Whole {
    /// The order. For an unknown room, one that nobody has joined.
    pub(super) order: Order,
    /// The sequence number of the last complete snapshot; 0 without one.
    pub(super) snapshot_seq: u64,
    /// The total size of its facts.
    pub(super) log_bytes: u64,
    /// The link of the last fact.
    pub(super) link: Link,
    /// The key for the links of further facts.
    pub(super) chain: ChainKey,
}

/// Decodes a snapshot: an order, and its position in the log as far as it was noted.
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

    /// Waits for a turn to read an order from the log. Dropping the permit ends the turn.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.turns.acquire().await.ok()
    }

    /// Returns the key that chains the facts of all rooms.
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
                    tracing::warn!(room = %key.fingerprint(), %error, "the snapshot cannot be used; replaying the whole log");
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

/// Decodes a complete snapshot. One of an earlier release is refused, because what it lacks
/// would be missing from the next snapshot too.
fn decode_whole(bytes: &[u8]) -> Result<(Order, LogPosition), StoredError> {
    match decode_snapshot(bytes)? {
        (_, LogPosition { bytes: None, .. } | LogPosition { link: None, .. }) => {
            Err(StoredError::Damaged("position"))
        }
        whole => Ok(whole),
    }
}

/// Returns the order of a snapshot, and its position in the log as far as it was noted.
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
            tracing::info!(room = %key.fingerprint(), %error, "the snapshot cannot be decoded; replaying the log");
            None
        }
    }
}

/// Checks that the last fact of `order` is in the log, in the same history. Returns its
/// link, if it is known. The check fails if the log is an older backup, has continued
/// differently, or is another log.
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
        tracing::warn!(room = %key.fingerprint(), seq = order.seq(), "the snapshot does not belong to this log; replaying the log");
        return None;
    }
    Some(noted.or(facts.first().and_then(|last| last.link)))
}

/// Applies the log's further facts to an order. Returns the order, the link of its last
/// fact, and the size of those facts. Links are checked if that of the preceding fact is
/// known.
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

/// Creates the error for a fact that is damaged or cannot be read.
fn damaged<E: std::fmt::Display>(seq: u64) -> impl Fn(E) -> LogError {
    move |error| LogError(format!("fact {seq}: {error}"))
}

/// Returns the total size of these facts.
pub(super) fn total_bytes(facts: &[StoredFact]) -> u64 {
    facts.iter().fold(0, |sum, fact| sum.saturating_add(fact.bytes.len() as u64))
}
