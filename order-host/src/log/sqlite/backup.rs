//! Copies a log that a server may have in use.
//!
//! SQLite's backup copies page by page, as of one moment: here in a single step, which is
//! one read transaction. So it never has to restart when something is written meanwhile, as
//! it would between steps. `VACUUM INTO` does the same, but rebuilds every table and index,
//! which takes several times as long; during that time no checkpoint can empty the
//! write-ahead log.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};

use super::mark;
use super::verify::Beside;
use super::{FILE_NAME, OpenError, files};

/// Copies all pages in one step.
const ALL: i32 = -1;

/// A server that waits for room on its disk locks the file exclusively.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Copies the log in `folder` to a new file in `to`, complete and consistent, whether a
/// server has it in use or not. The copy is synced, readable by this user alone, and needs
/// no other file.
///
/// # Errors
/// When there is no log of this release's schema, when it is known to be incomplete, or
/// when the copy cannot be written. A partial copy is not removed.
pub fn copy_out_of(folder: &Path, to: &Path) -> Result<(), OpenError> {
    let path = folder.join(FILE_NAME);
    let beside = Beside::open(&path)?;
    let failed = |error: rusqlite::Error| OpenError::Database { path: path.clone(), source: error.into() };
    if let Some(fault) = beside.lasting_fault().map_err(failed)? {
        return Err(fault.at(&path));
    }
    let copy = to.join(FILE_NAME);
    let copy_failed = |source| OpenError::File { path: copy.clone(), source };
    let file = files::make_private(&copy).map_err(copy_failed)?;
    copy_all(&beside.conn, &copy)
        .map_err(|error| OpenError::Database { path: copy.clone(), source: error.into() })?;
    file.sync_all().map_err(copy_failed)?;
    files::sync_folder_of(&copy).map_err(copy_failed)
}

fn copy_all(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    // Synced once, when it is complete; before that it is not a backup.
    copy.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(from, &mut copy)?;
    let mut tries = 0_u32;
    loop {
        match backup.step(ALL)? {
            StepResult::Done => break,
            StepResult::More | StepResult::Busy | StepResult::Locked | _ if tries < TRIES => {
                tries = tries.saturating_add(1);
                thread::sleep(PAUSE);
            }
            StepResult::More | StepResult::Busy | StepResult::Locked | _ => {
                return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None));
            }
        }
    }
    drop(backup);
    // The copy needs no write-ahead log. The server that opens it creates one.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let mark = mark::read(&copy)?.unwrap_or_default();
    mark.copied(mark::cookie(&copy)?).write(&copy)
}
