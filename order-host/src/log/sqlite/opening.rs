//! Opens the database: fully or, on a full disk, for reading only.

use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::files::{HeldFiles, is_for_want_of_room};
use super::mark::{Alone, Fault};
use super::writer::{Writer, WriterStatus};
use super::{OpenError, schema};

/// What can be read while the database cannot be opened fully.
pub(super) enum Readable {
    /// Everything stored, through this connection only.
    ByOne(Connection),
    /// Nothing for now, with the reason.
    NotYet(String),
}

/// Opens the database for the writer, and for concurrent readers. Migrates a database of an
/// older release.
///
/// # Errors
/// When any part of that fails. The stored data is unchanged then.
pub(super) fn in_full(files: &Arc<HeldFiles>, status: &Arc<WriterStatus>) -> Result<Writer, OpenError> {
    files.watch.forget_what_sqlite_made();
    let writer = open_in_full(files, status)?;
    files.watch.note_what_sqlite_made();
    Ok(writer)
}

fn open_in_full(files: &Arc<HeldFiles>, status: &Arc<WriterStatus>) -> Result<Writer, OpenError> {
    let path = &files.given;
    let failed = |error: rusqlite::Error| OpenError::Database { path: path.clone(), source: error.into() };
    let file_failed = |source| OpenError::File { path: path.clone(), source };
    let alone = look_alone(files)?;
    let mut conn = connect(files).map_err(failed)?;
    let found = schema::check(&conn, path).map_err(|error| alone.reason(error, path))?;
    let accepted = fits(files, &alone, &conn)?;
    // A process that was killed, or could not sync, may have written data that is not on the
    // disk. It was never acknowledged, but readers of this process would show it.
    files.write_ahead_log_again().map_err(file_failed)?;
    schema::migrate(&mut conn, path, found)?;
    let mut writer = Writer::new(conn, Arc::clone(files), Arc::clone(status)).map_err(failed)?;
    // Creates the write-ahead log, whose name must survive a crash too. SQLite syncs the
    // folder, but does not report a failure.
    writer.overwrite_leftovers().map_err(failed)?;
    writer.keep_chain_key().map_err(failed)?;
    // Indexes the facts that an interrupted process left unindexed.
    writer.place_all().map_err(failed)?;
    files.sync_folder().map_err(file_failed)?;
    // Last: from now on the database is incomplete without its write-ahead log, which exists by
    // now.
    writer.mark_open(&alone, accepted.is_some()).map_err(failed)?;
    if files.goes_on_without && accepted.is_none() {
        tracing::warn!("nothing is missing: start without --accept-loss from now on");
    }
    Ok(writer)
}

/// Reads the mark in the database file alone.
///
/// # Errors
/// When its write-ahead log is required and missing.
fn look_alone(files: &HeldFiles) -> Result<Alone, OpenError> {
    let alone = Alone::look(&files.database);
    if alone.lacks_its_log() && !files.goes_on_without {
        return Err(Fault::NoLog.at(&files.given));
    }
    Ok(alone)
}

/// Checks that the file and its write-ahead log belong together and are complete. Returns
/// the fault if the operator accepts it.
fn fits(files: &HeldFiles, alone: &Alone, conn: &Connection) -> Result<Option<Fault>, OpenError> {
    let path = &files.given;
    let fault = alone.fault(conn, &files.database);
    match fault.map_err(|error| OpenError::Database { path: path.clone(), source: error.into() })? {
        Some(fault @ (Fault::NoLog | Fault::FactsMissing { .. })) if files.goes_on_without => {
            let missing = fault.at(path);
            tracing::error!(%missing, "THE LAST FACTS ARE GIVEN UP, as --accept-loss says");
            Ok(Some(fault))
        }
        Some(fault) => Err(fault.at(path)),
        None => Ok(None),
    }
}

/// Opens the database for reading, which needs no room on the disk: a connection with
/// exclusive access keeps its index of the write-ahead log in memory.
///
/// # Errors
/// When the file is not a log of this release.
pub(super) fn to_read(files: &HeldFiles) -> Result<Readable, OpenError> {
    files.watch.forget_what_sqlite_made();
    let readable = open_to_read(files);
    files.watch.note_what_sqlite_made();
    match readable {
        Err(
            error @ (OpenError::NotADatabase { .. }
            | OpenError::Foreign { .. }
            | OpenError::NewerVersion { .. }
            | OpenError::NoWriteAheadLog { .. }
            | OpenError::OtherWriteAheadLog { .. }
            | OpenError::FactsMissing { .. }),
        ) => Err(error),
        Err(error) => Ok(Readable::NotYet(error.to_string())),
        Ok(readable) => Ok(readable),
    }
}

fn open_to_read(files: &HeldFiles) -> Result<Readable, OpenError> {
    let path = &files.given;
    let failed = |error: rusqlite::Error| OpenError::Database { path: path.clone(), source: error.into() };
    let alone = look_alone(files)?;
    let conn = connect(files).map_err(failed)?;
    // Before the first read: SQLite ignores the setting later.
    conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).map_err(failed)?;
    conn.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
    conn.pragma_update(None, "mmap_size", 0).map_err(failed)?;
    let found = schema::check(&conn, path).map_err(|error| alone.reason(error, path))?;
    // As when it is opened fully: what is not on the disk must not be shown.
    files.write_ahead_log_again().map_err(|source| OpenError::File { path: path.clone(), source })?;
    fits(files, &alone, &conn)?;
    if found == schema::SUPPORTED {
        return Ok(Readable::ByOne(conn));
    }
    if found > 0 {
        return Ok(Readable::NotYet(format!(
            "{} was written by an older version, and the disk has no room to upgrade it",
            path.display()
        )));
    }
    // A new file, in which nothing is stored.
    let mut nothing = Connection::open_in_memory().map_err(failed)?;
    schema::migrate(&mut nothing, path, found)?;
    Ok(Readable::ByOne(nothing))
}

/// Opens a connection that leaves the write-ahead log unchanged when it is closed.
fn connect(files: &HeldFiles) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&files.database, flags)?;
    carry_over_on_close(&conn, false)?;
    Ok(conn)
}

pub(super) fn carry_over_on_close(conn: &Connection, carry: bool) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !carry).map(drop)
}

/// Returns whether opening failed because the disk is full, and may succeed later. Where
/// SQLite does not say, a test write decides.
pub(super) fn failed_for_want_of_room(error: &OpenError, files: &HeldFiles) -> bool {
    let source = match error {
        OpenError::File { source, .. } => return is_for_want_of_room(source),
        OpenError::Migration { source, .. } | OpenError::Database { source, .. } => source,
        OpenError::Folder { .. }
        | OpenError::InUse { .. }
        | OpenError::NotADatabase { .. }
        | OpenError::Foreign { .. }
        | OpenError::NewerVersion { .. }
        | OpenError::NoWriteAheadLog { .. }
        | OpenError::OtherWriteAheadLog { .. }
        | OpenError::FactsMissing { .. }
        | OpenError::Emptied { .. }
        | OpenError::OlderVersion { .. }
        | OpenError::Thread { .. } => return false,
    };
    match source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DiskFull) => true,
        // For instance because a file could not be created, its index could not be extended, or a
        // quota is reached.
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            files.try_room().is_err_and(|error| is_for_want_of_room(&error))
        }
        _ => false,
    }
}
