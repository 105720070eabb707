//! Audits a log that a server may have in use.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::audit::{Audit, Audited, Damage, Finding};
use super::mark::{self, Alone, Fault};
use super::{FILE_NAME, OpenError, files, schema};

/// How often, and how long apart, a read that fails for now is tried again.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// How often mismatched files that may be in use are checked again.
const LOOKS: u32 = 3;

/// The most lines of SQLite's own check.
const LINES: u32 = 100;

/// Audits everything in the log in `folder`, and passes each finding to `found`. Writes
/// only SQLite's index of a write-ahead log (`-shm`), and takes no lock that a server
/// needs, so the log may be in use.
///
/// Needs memory for one order at a time.
///
/// # Errors
/// When there is no log of this release's schema that could be audited.
pub fn verify_in(folder: &Path, found: &mut dyn FnMut(Finding)) -> Result<Audited, OpenError> {
    verify(&folder.join(FILE_NAME), found)
}

pub(super) fn verify(path: &Path, found: &mut dyn FnMut(Finding)) -> Result<Audited, OpenError> {
    let beside = Beside::open(path)?;
    let failed = |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: error.into() };
    let conn = &beside.conn;
    if let Some(fault) = beside.lasting_fault().map_err(failed)? {
        found(Finding::in_file(Damage::Files(fault.at(path).to_string())));
    }
    for line in check_of_sqlite(conn, beside.may_be_in_use()).unwrap_or_else(|error| vec![error.to_string()])
    {
        found(Finding::in_file(Damage::Database(line)));
    }
    let mut audit = Audit::default();
    let mut findings = Vec::new();
    let mut tries = 0;
    loop {
        let goes_on = match audit.step(conn, &mut findings) {
            Ok(goes_on) => {
                tries = 0;
                goes_on
            }
            Err(_) if tries < TRIES => {
                tries = tries.saturating_add(1);
                thread::sleep(PAUSE);
                true
            }
            Err(error) => {
                tries = 0;
                audit.skip(&error, &mut findings);
                true
            }
        };
        findings.drain(..).for_each(&mut *found);
        if !goes_on {
            break;
        }
    }
    if !beside.may_be_in_use() && mark::has_log(&beside.database) {
        let text = "a server was started on these files while they were read: run verify again".to_owned();
        found(Finding::in_file(Damage::Files(text)));
    }
    Ok(audit.audited)
}

/// A log opened for reading, which a server may have in use.
pub(super) struct Beside {
    pub(super) conn: Connection,
    pub(super) database: std::path::PathBuf,
    pub(super) alone: Alone,
}

impl Beside {
    /// Opens the log at `path` for reading.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed =
            |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: error.into() };
        let file_failed = |source| OpenError::File { path: path.to_owned(), source };
        let database = files::resolve(path).map_err(file_failed)?;
        let bytes = database.metadata().map_err(file_failed)?.len();
        if bytes == 0 {
            return Err(OpenError::Emptied { path: path.to_owned() });
        }
        let alone = Alone::look(&database);
        let conn = if mark::has_log(&database) {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let conn = Connection::open_with_flags(&database, flags).map_err(failed)?;
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
            conn
        } else {
            mark::immutable(&database).map_err(failed)?
        };
        conn.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        conn.pragma_update(None, "mmap_size", 0).map_err(failed)?;
        let schema = schema::check(&conn, path).map_err(|error| alone.reason(error, path))?;
        if schema < schema::SUPPORTED {
            return Err(OpenError::OlderVersion { path: path.to_owned() });
        }
        Ok(Self { conn, database, alone })
    }

    /// Returns what is wrong with the files. A server may checkpoint between the reads of the
    /// file and of both files, so a fault counts only if it lasts.
    pub(super) fn lasting_fault(&self) -> rusqlite::Result<Option<Fault>> {
        let mut fault = self.alone.fault(&self.conn, &self.database)?;
        for _ in 0..LOOKS {
            if fault.is_none() || !self.may_be_in_use() {
                break;
            }
            thread::sleep(PAUSE);
            fault = Alone::look(&self.database).fault(&self.conn, &self.database)?;
        }
        Ok(fault)
    }

    fn may_be_in_use(&self) -> bool {
        self.alone.has_log
    }
}

/// Returns the findings of SQLite's own check. In a file in use, each table is checked in a
/// transaction of its own.
fn check_of_sqlite(conn: &Connection, may_be_in_use: bool) -> rusqlite::Result<Vec<String>> {
    let check = |of: &str| -> rusqlite::Result<Vec<String>> {
        let mut check = conn.prepare(&format!("PRAGMA integrity_check({of})"))?;
        check.query_map([], |row| row.get(0))?.collect()
    };
    let mut lines = Vec::new();
    if may_be_in_use {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let tables: Vec<String> =
            conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for table in tables {
            lines.extend(check(&format!("\"{}\"", table.replace('"', "\"\"")))?);
        }
    } else {
        lines = check(&LINES.to_string())?;
    }
    lines.retain(|line| line != "ok");
    Ok(lines)
}
