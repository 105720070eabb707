//! The tables, and the migrations from older releases.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::OpenError;

/// The migrations from an empty file to the present schema, in order. A file that has had
/// the first `n` of them is at version `n`. A released migration is never changed: add
/// another.
const MIGRATIONS: [&str; 6] = [
    // One table for all rooms, in the order of arrival: every append of a group is written to
    // its end, whichever rooms it is for. Clustered by room, each room's append would dirty a
    // page of its own.
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
    // The index by room becomes a table that is filled later; `placed` records the last indexed
    // fact.
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
    // An order of an older release gets its alarm when its room is first woken.
    "CREATE TABLE alarms (
         room TEXT    PRIMARY KEY,
         at   INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX alarms_in_order ON alarms (at, room);
     -- Of the orders whose alarms these are, in milliseconds; nothing is for ever.
     CREATE TABLE lifetimes (expire_after INTEGER, archive_after INTEGER) STRICT;
     INSERT INTO alarms (room, at) SELECT DISTINCT room, 0 FROM log;",
    // Facts of an older release have no link: their rooms compute it. SQLite does not rewrite
    // the table.
    "ALTER TABLE log ADD COLUMN link BLOB;
     CREATE TABLE chain (key BLOB NOT NULL) STRICT;",
    // See `mark`. It has its final length from the start.
    "CREATE TABLE opened (mark BLOB NOT NULL) STRICT;
     INSERT INTO opened (mark) VALUES (zeroblob(49));",
];

/// `Stnp`, the application id of a Stonepot database in the file's header. The first
/// migration sets it.
const APPLICATION_ID: i64 = 0x5374_6E70;

/// The newest schema version that this release knows.
#[allow(clippy::cast_possible_truncation, reason = "a short list")]
pub(super) const SUPPORTED: u32 = MIGRATIONS.len() as u32;

/// Checks that this release can use the file, and returns its schema version. Only reads.
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

/// Migrates the file from version `found` to [`SUPPORTED`], each step in a transaction of
/// its own: after a crash or a failure the next opening continues from a complete version.
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
        tracing::info!(from = found, to = SUPPORTED, "upgraded the database to a newer schema");
    }
    Ok(())
}
