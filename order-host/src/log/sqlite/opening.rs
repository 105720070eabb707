//! Opening the database: in full, or to read only, where there is no room for more.

use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::files::{HeldFiles, is_for_want_of_room};
use super::mark::{Alone, Fault};
use super::writer::{Writer, WriterStatus};
use super::{OpenError, schema};

/// What there is to read while the database cannot be opened in full.
pub(super) enum Readable {
    /// Everything that is stored, by this connection and no other.
    ByOne(Connection),
    /// Nothing for now, with the reason.
    NotYet(String),
}

/// Opens the database to write to it, and for readers beside that. One of an older release is brought up to the present schema.
///
/// # Errors
/// When any part of that fails. What was stored before is as it was.
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
    // A process that was killed, or could not sync, may have written what is not on the disk. Nobody was told of it,
    // but whoever reads it here will tell.
    files.write_ahead_log_again().map_err(file_failed)?;
    schema::migrate(&mut conn, path, found)?;
    let mut writer = Writer::new(conn, Arc::clone(files), Arc::clone(status)).map_err(failed)?;
    // Makes the write-ahead log, whose name must survive a crash too. SQLite sees to that, but says nothing when it fails.
    writer.overwrite_leftovers().map_err(failed)?;
    writer.keep_chain_key().map_err(failed)?;
    // What a process that ended in the middle left to do.
    writer.place_all().map_err(failed)?;
    files.sync_folder().map_err(file_failed)?;
    // Last: from now on the database is not whole without its write-ahead log, which is there.
    writer.mark_open(&alone, accepted.is_some()).map_err(failed)?;
    if files.goes_on_without && accepted.is_none() {
        tracing::warn!("nothing is missing of what is stored: start without --accept-loss from now on");
    }
    Ok(writer)
}

/// Looks at the database file alone.
///
/// # Errors
/// When its write-ahead log must be there, and is not.
fn look_alone(files: &HeldFiles) -> Result<Alone, OpenError> {
    let alone = Alone::look(&files.database);
    if alone.lacks_its_log() && !files.goes_on_without {
        return Err(Fault::NoLog.at(&files.given));
    }
    Ok(alone)
}

/// Tells whether the file and its write-ahead log belong together and have everything; with what is missing, where the operator
/// wants to go on without.
fn fits(files: &HeldFiles, alone: &Alone, conn: &Connection) -> Result<Option<Fault>, OpenError> {
    let path = &files.given;
    let fault = alone.fault(conn, &files.database);
    match fault.map_err(|error| OpenError::Database { path: path.clone(), source: error.into() })? {
        Some(fault @ (Fault::NoLog | Fault::FactsMissing { .. })) if files.goes_on_without => {
            let missing = fault.at(path);
            tracing::error!(%missing, "WHAT WAS STORED LAST IS GIVEN UP, as --accept-loss says");
            Ok(Some(fault))
        }
        Some(fault) => Err(fault.at(path)),
        None => Ok(None),
    }
}

/// Opens the database to read what is stored, which takes no room on the disk: a connection that has the database alone keeps
/// its index of the write-ahead log in memory.
///
/// # Errors
/// When the file is not one of this release's log.
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
    // Before anything is read: SQLite does not look at this later.
    conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).map_err(failed)?;
    conn.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
    conn.pragma_update(None, "mmap_size", 0).map_err(failed)?;
    let found = schema::check(&conn, path).map_err(|error| alone.reason(error, path))?;
    // As when it is opened in full: what is not on the disk must not be shown.
    files.write_ahead_log_again().map_err(|source| OpenError::File { path: path.clone(), source })?;
    fits(files, &alone, &conn)?;
    if found == schema::SUPPORTED {
        return Ok(Readable::ByOne(conn));
    }
    if found > 0 {
        return Ok(Readable::NotYet(format!(
            "{} is of an older release, and there is no room to bring it up to this one",
            path.display()
        )));
    }
    // A new file, in which nothing is stored.
    let mut nothing = Connection::open_in_memory().map_err(failed)?;
    schema::migrate(&mut nothing, path, found)?;
    Ok(Readable::ByOne(nothing))
}

/// A connection that leaves the write-ahead log as it is when it is closed.
fn connect(files: &HeldFiles) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&files.database, flags)?;
    carry_over_on_close(&conn, false)?;
    Ok(conn)
}

pub(super) fn carry_over_on_close(conn: &Connection, carry: bool) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !carry).map(drop)
}

/// Whether opening failed because the disk is full, and may succeed when it is not. Where SQLite does not say, it is tried.
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
        // Of a file that could not be made, of its index that could not be made longer, of a quota.
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            files.try_room().is_err_and(|error| is_for_want_of_room(&error))
        }
        _ => false,
    }
}
