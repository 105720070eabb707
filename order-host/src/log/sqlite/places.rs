//! Where the facts of each room stand in the log.
//!
//! The log is in the order of arrival, so that a group of appends goes to its end, whichever rooms it is for. An index
//! by room that followed every append would have a page of its own changed, and written, for nearly every room of a group:
//! three in four of all pages. So facts are put into the index thousands at a time. Until then those of a
//! room are found by looking through the end of the log, which is needed only for a room that is in it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::writer::Writer;
use crate::RoomKey;
use crate::log::{Link, LogError, StoredFact};

/// From how many facts at the end of the log on they are put into the index.
pub(super) const END_FACTS: usize = 4_096;

/// The rooms that have facts at the end of the log, which are not in the index yet.
#[derive(Debug, Default)]
pub(super) struct End {
    rooms: Mutex<HashSet<RoomKey>>,
    /// Which they are is not known: any may be one of them.
    may_be_any: AtomicBool,
}

impl End {
    /// Notes that `room` gets a fact: before anybody is told that it has.
    pub(super) fn add(&self, room: &RoomKey) {
        let mut rooms = self.rooms();
        if !rooms.contains(room) {
            rooms.insert(room.clone());
        }
    }

    /// Notes that any room may have facts there: a process before this one left some.
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

/// The facts of `room` after the sequence number `after`, in order, at most `limit`.
pub(super) fn facts(
    conn: &Connection,
    room: &RoomKey,
    after: i64,
    limit: i64,
    at_end: bool,
) -> rusqlite::Result<Vec<StoredFact>> {
    // Both parts are of one moment, or a fact that is put into the index meanwhile is in neither.
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

/// The fact and the link in this column and the one after it.
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

/// The last sequence number of `room`; 0 if it has no facts.
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
    // The table takes no negative one.
    Ok(found.map_or(0, i64::unsigned_abs))
}

impl Writer {
    /// Puts the facts at the end of the log into the index, if they are `at_least` so many. In a transaction of its own,
    /// which is not synced: what is lost of it is done again when the file is opened.
    pub(super) fn place(&mut self, at_least: usize) {
        if self.at_end < at_least {
            return;
        }
        // Should it fail, it is tried again after as many.
        self.at_end = 0;
        let placed = self.settle().and_then(|()| {
            self.unsynced(Self::place_all).map_err(|error| {
                self.doubt_if_a_sync_failed(&error);
                LogError(error.to_string())
            })
        });
        if let Err(error) = placed {
            tracing::warn!(%error, "cannot put facts into the index");
        }
    }

    /// Puts the facts at the end of the log into the index.
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
