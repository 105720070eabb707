//! The alarms of all rooms, and the lifetimes of orders.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use order_core::{Lifetimes, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Writer;
use crate::RoomKey;
use crate::log::{Alarm, LogError};

/// After this time lifetimes that could not be stored are tried again. With many orders
/// that is a large write.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Lifetimes that could not be stored.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) lifetimes: Lifetimes,
    pub(super) not_before: Instant,
}

impl Writer {
    /// Sets the alarm of a room within the open transaction. A time beyond SQLite's range
    /// counts as no alarm.
    pub(super) fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> rusqlite::Result<()> {
        let at = at.and_then(|at| i64::try_from(at.get()).ok());
        let Some(at) = at else {
            let mut delete = self.conn.prepare_cached("DELETE FROM alarms WHERE room = ?1")?;
            return delete.execute([room.as_str()]).map(|_| ());
        };
        let sql = "INSERT INTO alarms (room, at) VALUES (?1, ?2)
                   ON CONFLICT (room) DO UPDATE SET at = excluded.at";
        self.conn.prepare_cached(sql)?.execute(params![room.as_str(), at]).map(|_| ())
    }

    /// Stores the lifetimes of orders now or, if that fails, when it is possible again.
    pub(super) fn set_lifetimes_sooner_or_later(&mut self, lifetimes: Lifetimes) -> Result<(), LogError> {
        let set = self.set_lifetimes(&lifetimes);
        self.late_lifetimes =
            set.is_err().then(|| Late { lifetimes, not_before: Instant::now() + TRY_AGAIN });
        self.status.has_put_off.store(set.is_err(), Ordering::Release);
        set
    }

    /// Stores the lifetimes of orders, if that was put off and the time for another try has
    /// come.
    pub(super) fn set_late_lifetimes(&mut self) {
        if let Some(Late { lifetimes, .. }) =
            self.late_lifetimes.take_if(|late| late.not_before <= Instant::now())
            && self.set_lifetimes_sooner_or_later(lifetimes).is_ok()
        {
            tracing::info!("orders now end by the current --expire-after and --archive-after");
        }
    }

    /// Stores the lifetimes of orders. A change wakes all rooms.
    fn set_lifetimes(&mut self, lifetimes: &Lifetimes) -> Result<(), LogError> {
        self.settle()?;
        match self.write_lifetimes(lifetimes) {
            Ok(true) => self.commit().map_err(|error| LogError(error.to_string())),
            Ok(false) => self.undo().map_err(|error| LogError(error.to_string())),
            Err(error) => {
                self.suspect = true;
                self.doubt_if_a_sync_failed(&error);
                self.undo().map_err(|error| LogError(error.to_string()))?;
                Err(LogError(error.to_string()))
            }
        }
    }

    /// Begins a transaction. Returns whether it has changed anything.
    fn write_lifetimes(&self, lifetimes: &Lifetimes) -> rusqlite::Result<bool> {
        let millis =
            |time: Option<Duration>| time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let now = (millis(lifetimes.expire_after), millis(lifetimes.archive_after));
        self.execute("BEGIN IMMEDIATE")?;
        let mut query = self.conn.prepare("SELECT expire_after, archive_after FROM lifetimes")?;
        let before = query.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if before == Some(now) {
            return Ok(false);
        }
        self.conn.execute("DELETE FROM lifetimes", [])?;
        self.conn.execute("INSERT INTO lifetimes VALUES (?1, ?2)", params![now.0, now.1])?;
        let sql = "INSERT OR REPLACE INTO alarms (room, at)
                   SELECT DISTINCT room, 0 FROM places
                   UNION SELECT room, 0 FROM log WHERE id > (SELECT upto FROM placed)";
        self.conn.execute(sql, [])?;
        Ok(true)
    }
}

/// Returns the alarm of one room.
pub(super) fn of(conn: &Connection, room: &RoomKey) -> rusqlite::Result<Option<UnixMillis>> {
    let mut query = conn.prepare_cached("SELECT at FROM alarms WHERE room = ?1")?;
    query.query_row([room.as_str()], |row| row.get(0)).optional().map(|at| at.map(read))
}

/// Returns at most `limit` alarms after `after`, in order.
pub(super) fn after(conn: &Connection, after: Option<&Alarm>, limit: usize) -> rusqlite::Result<Vec<Alarm>> {
    let (at, room) = match after {
        Some(Alarm { at, room }) => (i64::try_from(at.get()).unwrap_or(i64::MAX), room.as_str()),
        None => (i64::MIN, ""),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT at, room FROM alarms WHERE (at, room) > (?1, ?2) ORDER BY at, room LIMIT ?3";
    let mut query = conn.prepare_cached(sql)?;
    let rows =
        query.query_map(params![at, room, limit], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut alarms = Vec::new();
    for row in rows {
        let (at, room) = row?;
        // A name in this table was written from a valid key.
        if let Ok(room) = RoomKey::parse(&room) {
            alarms.push(Alarm { at: read(at), room });
        }
    }
    Ok(alarms)
}

fn read(at: i64) -> UnixMillis {
    UnixMillis::new(u64::try_from(at).unwrap_or_default())
}
