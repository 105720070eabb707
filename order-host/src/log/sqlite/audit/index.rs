//! Audits the log in the order of arrival, and the tables beside it: every fact exists, and
//! is in the index by room.

use std::fmt::Display;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Audit, Damage, Finding, ROWS_AT_ONCE, is_damage, last_row, upto};
use crate::RoomKey;
use crate::log::sqlite::writer::TRIAL_ROOM;

/// A row of the log, and the row to which the index leads for its fact.
struct Row {
    id: i64,
    room: String,
    seq: i64,
    bytes: i64,
    placed: Option<i64>,
}

impl Audit {
    /// Checks that the next rows are consecutive, and are where the index says.
    pub(super) fn look_at_index(
        &mut self,
        conn: &Connection,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<()> {
        match self.rows(conn) {
            Ok((upto, last, rows)) => {
                self.look_at_rows(upto, &rows, found);
                if i64::try_from(rows.len()).unwrap_or(i64::MAX) < ROWS_AT_ONCE {
                    // If the index ends beyond them, rows before its end are missing.
                    self.miss_rows(last.saturating_add(1), found);
                    if upto > last {
                        let [upto, rows] = [upto, last].map(i64::unsigned_abs);
                        found.push(Finding::in_file(Damage::IndexEnd { upto, rows }));
                    }
                    self.next_part();
                }
                Ok(())
            }
            Err(error) if is_damage(&error) => {
                self.skip_rows(&error, found);
                if last_row(conn).is_ok_and(|last| self.row < last) {
                    return Ok(());
                }
                self.next_part();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn skip_rows(&mut self, error: &dyn Display, found: &mut Vec<Finding>) {
        let first = self.row.saturating_add(1);
        self.row = self.row.saturating_add(ROWS_AT_ONCE);
        let text = format!("{error}, at the rows {first} to {} of the log or in the index by room", self.row);
        found.push(Finding::in_file(Damage::Database(text)));
    }

    fn rows(&self, conn: &Connection) -> rusqlite::Result<(i64, i64, Vec<Row>)> {
        let moment = conn.unchecked_transaction()?;
        let (upto, last) = (upto(&moment)?, last_row(&moment)?);
        let sql = "SELECT log.id, log.room, log.seq, length(log.fact), places.id
                   FROM log LEFT JOIN places ON places.room = log.room AND places.seq = log.seq
                   WHERE log.id > ?1 ORDER BY log.id LIMIT ?2";
        let row = |row: &rusqlite::Row<'_>| {
            let (id, room, seq) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Row { id, room, seq, bytes: row.get(3)?, placed: row.get(4)? })
        };
        let mut query = moment.prepare_cached(sql)?;
        let rows = query.query_map([self.row, ROWS_AT_ONCE], row)?.collect::<Result<_, _>>()?;
        Ok((upto, last, rows))
    }

    fn look_at_rows(&mut self, upto: i64, rows: &[Row], found: &mut Vec<Finding>) {
        for row in rows {
            self.miss_rows(row.id, found);
            self.row = row.id;
            self.audited.facts = self.audited.facts.saturating_add(1);
            self.audited.bytes = self.audited.bytes.saturating_add(row.bytes.unsigned_abs());
            let placed = (row.id <= upto).then_some(row.id);
            match RoomKey::parse(&row.room) {
                Ok(_) if row.placed == placed => {}
                Ok(room) => {
                    let damage = Damage::Index { seq: row.seq.unsigned_abs() };
                    found.push(Finding { room: Some(room), damage });
                }
                Err(_) => found.push(Finding::in_file(Damage::Name)),
            }
        }
    }

    /// Reports missing rows between the last audited one and `before`.
    fn miss_rows(&mut self, before: i64, found: &mut Vec<Finding>) {
        let first = self.row.saturating_add(1);
        if first < before {
            let [first, last] = [first, before.saturating_sub(1)].map(i64::unsigned_abs);
            found.push(Finding::in_file(Damage::RowsMissing { first, last }));
        }
    }

    /// Checks for snapshots of rooms that have no facts.
    pub(super) fn look_at_snapshots(
        &mut self,
        conn: &Connection,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT room, seq, EXISTS (SELECT * FROM places WHERE places.room = snapshots.room)
                       OR EXISTS (SELECT * FROM log WHERE id > (SELECT upto FROM placed) AND log.room = snapshots.room)
                   FROM snapshots WHERE room > ?1 ORDER BY room LIMIT ?2";
        let rows: Option<Vec<(String, i64, bool)>> =
            self.rows_beside(conn, sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)), found)?;
        let Some(rows) = rows else { return Ok(()) };
        let are_last = are_last(&rows);
        for (room, seq, has_facts) in rows {
            match RoomKey::parse(&room) {
                Ok(_) if has_facts => {}
                Ok(key) => {
                    let error = "the room has no facts".to_owned();
                    let damage = Damage::Snapshot { seq: seq.unsigned_abs(), error };
                    found.push(Finding { room: Some(key), damage });
                }
                // Written by a test for free space.
                Err(_) if room == TRIAL_ROOM && seq == 0 => {}
                Err(_) => found.push(Finding::in_file(Damage::Name)),
            }
            self.beside = room;
        }
        if are_last {
            self.next_part();
        }
        Ok(())
    }

    /// Checks that every alarm is also in the ordered index.
    pub(super) fn look_at_alarms(
        &mut self,
        conn: &Connection,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT room, at FROM alarms WHERE room > ?1 ORDER BY room LIMIT ?2";
        let rows: Option<Vec<(String, i64)>> =
            self.rows_beside(conn, sql, |row| Ok((row.get(0)?, row.get(1)?)), found)?;
        let Some(rows) = rows else { return Ok(()) };
        let are_last = are_last(&rows);
        for (room, at) in rows {
            match RoomKey::parse(&room) {
                Ok(key) => {
                    let damage = match is_in_order(conn, &room, at) {
                        Ok(true) => None,
                        Ok(false) => Some(Damage::AlarmOrder),
                        Err(error) => Some(Damage::Database(error.to_string())),
                    };
                    found.extend(damage.map(|damage| Finding { room: Some(key), damage }));
                }
                Err(_) => found.push(Finding::in_file(Damage::Name)),
            }
            self.beside = room;
        }
        if are_last {
            self.next_part();
        }
        Ok(())
    }

    /// Reads the next rows of a table beside the log. `None`: they are damaged, which ends this
    /// part.
    fn rows_beside<T>(
        &mut self,
        conn: &Connection,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<Option<Vec<T>>> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            let mut query = conn.prepare_cached(sql)?;
            query.query_map(params![self.beside, ROWS_AT_ONCE], |row| read(row))?.collect()
        };
        match rows() {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if is_damage(&error) => {
                self.skip(&error, found);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns whether these are the last rows.
fn are_last<T>(rows: &[T]) -> bool {
    i64::try_from(rows.len()).unwrap_or(i64::MAX) < ROWS_AT_ONCE
}

/// Returns whether a room's alarm is in the ordered index that timers read. It may have
/// been set again meanwhile.
fn is_in_order(conn: &Connection, room: &str, at: i64) -> rusqlite::Result<bool> {
    let moment = conn.unchecked_transaction()?;
    let now: Option<i64> = moment
        .prepare_cached("SELECT at FROM alarms WHERE room = ?1")?
        .query_row([room], |row| row.get(0))
        .optional()?;
    if now != Some(at) {
        return Ok(true);
    }
    moment
        .prepare_cached("SELECT 1 FROM alarms INDEXED BY alarms_in_order WHERE at = ?1 AND room = ?2")?
        .exists(params![at, room])
}
