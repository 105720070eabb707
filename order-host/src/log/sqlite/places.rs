//! The index of facts by room.
//!
//! The log is in the order of arrival, so that a group of appends is written to its end,
//! whichever rooms it is for. An index by room that is updated with every append would
//! change and write one page for nearly every room of a group: three in four of all pages.
//! So facts are indexed thousands at a time. Until then the facts of a room are found by a
//! scan of the unindexed end of the log, only for a room that has facts there.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::writer::Writer;
use crate::RoomKey;
use crate::log::{Link, LogError, StoredFact};

/// How many unindexed facts are indexed at once.
pub(super) const END_FACTS: usize = 4_096;

/// The rooms that have unindexed facts at the end of the log.
#[derive(Debug, Default)]
pub(super) struct End {
    rooms: Mutex<HashSet<RoomKey>>,
    /// Whether they are unknown: every room may have some.
    may_be_any: AtomicBool,
}

impl End {
    /// Notes that `room` gets a fact, before the fact is acknowledged.
    pub(super) fn add(&self, room: &RoomKey) {
        let mut rooms = self.rooms();
        if !rooms.contains(room) {
            rooms.insert(room.clone());
        }
    }

    /// Notes that any room may have unindexed facts: an earlier process left some.
    pub(super) fn add_any(&self) {
        self.may_be_any.store(true, Ordering::Release);
    }

    pub(super) fn has(&self, room: &RoomKey) -> bool {
        self.may_be_any.load(Ordering::Acquire) || self.rooms().contains(room)
    }

    fn clear(&self) {
        self.rooms().clear();
        self.may_be_any.store(false, Ordering::Release);
    }

    fn rooms(&self) -> MutexGuard<'_, HashSet<RoomKey>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads at most `limit` facts of `room` after the sequence number `after`, in order.
pub(super) fn facts(
    conn: &Connection,
    room: &RoomKey,
    after: i64,
    limit: i64,
    at_end: bool,
) -> rusqlite::Result<Vec<StoredFact>> {
    // Both parts in one transaction, or a fact that is indexed meanwhile would be in neither.
    let moment = conn.unchecked_transaction()?;
    let sql = "SELECT fact, link FROM places JOIN log USING (id)
               WHERE places.room = ?1 AND places.seq > ?2 ORDER BY places.seq LIMIT ?3";
    let mut facts: Vec<StoredFact> = moment
        .prepare_cached(sql)?
        .query_map(params![room.as_str(), after, limit], |row| fact(row, 0))?
        .collect::<Result<_, _>>()?;
    let found = i64::try_from(facts.len()).unwrap_or(i64::MAX);
    if at_end && found < limit {
        let sql = "SELECT fact, link FROM log WHERE id > (SELECT upto FROM placed) AND room = ?1 AND seq > ?2
                   ORDER BY seq LIMIT ?3";
        let mut statement = moment.prepare_cached(sql)?;
        for fact in statement
            .query_map(params![room.as_str(), after, limit.saturating_sub(found)], |row| fact(row, 0))?
        {
            facts.push(fact?);
        }
    }
    Ok(facts)
}

/// Reads the fact in this column, and its link in the next one.
pub(super) fn fact(row: &Row<'_>, column: usize) -> rusqlite::Result<StoredFact> {
    let at = column.saturating_add(1);
    let link = match row.get_ref(at)?.as_blob_or_null()? {
        None => None,
        Some(bytes) => Some(Link::new(bytes.try_into().map_err(|_| {
            let error = format!("a link of {} bytes", bytes.len());
            rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, error.into())
        })?)),
    };
    Ok(StoredFact { bytes: row.get(column)?, link })
}

/// Returns the last sequence number of `room`; 0 if it has no facts.
pub(super) fn last(conn: &Connection, room: &RoomKey, at_end: bool) -> rusqlite::Result<u64> {
    let in_index = "SELECT max(seq) FROM places WHERE room = ?1";
    let at_its_end = "SELECT max(seq) FROM log WHERE id > (SELECT upto FROM placed) AND room = ?1";
    let find = |sql: &str| -> rusqlite::Result<Option<i64>> {
        conn.prepare_cached(sql)?.query_row([room.as_str()], |row| row.get(0))
    };
    let mut found = if at_end { find(at_its_end)? } else { None };
    if found.is_none() {
        found = find(in_index)?;
    }
    // The table accepts no negative one.
    Ok(found.map_or(0, i64::unsigned_abs))
}

impl Writer {
    /// Indexes the facts at the end of the log, if there are at least `at_least`. The
    /// transaction is not synced: what is lost of it is redone at the next opening.
    pub(super) fn place(&mut self, at_least: usize) {
        if self.at_end < at_least {
            return;
        }
        // If it fails, it is tried again after as many new facts.
        self.at_end = 0;
        let placed = self.settle().and_then(|()| {
            self.unsynced(Self::place_all).map_err(|error| {
                self.doubt_if_a_sync_failed(&error);
                LogError(error.to_string())
            })
        });
        if let Err(error) = placed {
            tracing::warn!(%error, "cannot add facts to the index");
        }
    }

    /// Indexes all facts at the end of the log.
    pub(super) fn place_all(&self) -> rusqlite::Result<()> {
        let moment = self.conn.unchecked_transaction()?;
        let sql = "INSERT INTO places (room, seq, id)
                   SELECT room, seq, id FROM log WHERE id > (SELECT upto FROM placed) ORDER BY room, seq";
        moment.prepare_cached(sql)?.execute([])?;
        moment
            .prepare_cached("UPDATE placed SET upto = (SELECT coalesce(max(id), 0) FROM log)")?
            .execute([])?;
        moment.commit()?;
        self.status.end.clear();
        Ok(())
    }
}
