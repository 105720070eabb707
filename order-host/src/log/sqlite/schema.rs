//! The tables, and how a file of an older release is brought up to them.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::OpenError;

/// What has to be run, in order, to come from an empty file to the present schema. A file that has
/// had the first `n` of them is at version `n`. One that was released is never changed: add another.
const MIGRATIONS: [&str; 6] = [
    // One table for all rooms, in the order of arrival: every append of a group goes to its end, whichever
    // rooms it is for. Clustered by room, each room's append would dirty a page of its own.
    "CREATE TABLE log (
         id   INTEGER PRIMARY KEY,
         room TEXT    NOT NULL,
         seq  INTEGER NOT NULL CHECK (seq > 0),
         fact BLOB    NOT NULL
     ) STRICT;
     CREATE UNIQUE INDEX log_by_room ON log (room, seq);
     PRAGMA application_id = 0x53746E70;",
    "CREATE TABLE snapshots (
         id    INTEGER PRIMARY KEY,
         room  TEXT    NOT NULL UNIQUE,
         seq   INTEGER NOT NULL,
         state BLOB    NOT NULL
     ) STRICT;",
    // The index by room becomes a table that is filled in later; `placed` says up to which fact it is.
    "CREATE TABLE places (
         room TEXT    NOT NULL,
         seq  INTEGER NOT NULL,
         id   INTEGER NOT NULL,
         PRIMARY KEY (room, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE placed (upto INTEGER NOT NULL) STRICT;
     INSERT INTO places (room, seq, id) SELECT room, seq, id FROM log ORDER BY room, seq;
     INSERT INTO placed (upto) SELECT coalesce(max(id), 0) FROM log;
     DROP INDEX log_by_room;",
    // Whether something happens by itself to an order of an older release, its room finds out when it is first woken.
    "CREATE TABLE alarms (
         room TEXT    PRIMARY KEY,
         at   INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX alarms_in_order ON alarms (at, room);
     -- Of the orders whose alarms these are, in milliseconds; nothing is for ever.
     CREATE TABLE lifetimes (expire_after INTEGER, archive_after INTEGER) STRICT;
     INSERT INTO alarms (room, at) SELECT DISTINCT room, 0 FROM log;",
    // Facts of an older release have no link: their rooms compute them. SQLite reads the table once and writes none of it.
    "ALTER TABLE log ADD COLUMN link BLOB;
     CREATE TABLE chain (key BLOB NOT NULL) STRICT;",
    // See `mark`: as long from the beginning as it will be.
    "CREATE TABLE opened (mark BLOB NOT NULL) STRICT;
     INSERT INTO opened (mark) VALUES (zeroblob(49));",
];

/// `Stnp`, the mark of a Stonepot database in the file's header. The first migration sets it.
const APPLICATION_ID: i64 = 0x5374_6E70;

/// The newest schema version that this release knows.
#[allow(clippy::cast_possible_truncation, reason = "a short list")]
pub(super) const SUPPORTED: u32 = MIGRATIONS.len() as u32;

/// Tells whether the file is one that this release can use, and at which schema version it is. Only reads.
pub(super) fn check(conn: &Connection, path: &Path) -> Result<u32, OpenError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path: path.to_owned() },
        _ => OpenError::Database { path: path.to_owned(), source: error.into() },
    };
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let version = number("PRAGMA user_version")?;
    let application_id = number("PRAGMA application_id")?;
    let is_new = number("SELECT count(*) FROM sqlite_schema")? == 0 && (version, application_id) == (0, 0);
    if is_new {
        return Ok(0);
    }
    if application_id != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    match u32::try_from(version) {
        Ok(found @ 1..=SUPPORTED) => Ok(found),
        Ok(found @ 1..) => {
            Err(OpenError::NewerVersion { path: path.to_owned(), found, supported: SUPPORTED })
        }
        Ok(0) | Err(_) => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

/// Brings the file from version `found` to [`SUPPORTED`], each step in a transaction of its own: a crash
/// or a failure leaves it at a whole version, from which the next opening goes on.
pub(super) fn migrate(conn: &mut Connection, path: &Path, found: u32) -> Result<(), OpenError> {
    for (version, sql) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let mut step = || -> rusqlite::Result<()> {
            let transaction = conn.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()
        };
        step().map_err(|error| OpenError::Migration {
            path: path.to_owned(),
            version,
            source: error.into(),
        })?;
    }
    if (1..SUPPORTED).contains(&found) {
        tracing::info!(from = found, to = SUPPORTED, "brought the database to a newer schema");
    }
    Ok(())
}
