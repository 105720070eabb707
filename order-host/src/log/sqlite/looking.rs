//! Audits a log that this process has open.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

use super::SqliteLog;
use super::audit::{Audit, Audited, Finding};
use super::readers::Pool;
use crate::log::LogError;

/// An audit in progress.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    audit: Audit,
    /// A connection of its own with a small cache: each page is read once.
    conn: Option<Connection>,
}

/// The result of a step.
pub(crate) struct Stepped {
    pub(crate) looking: Looking,
    pub(crate) found: Vec<Finding>,
    /// Whether there is more to audit, or why the step failed.
    pub(crate) goes_on: Result<bool, NotLooked>,
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum NotLooked {
    /// The log cannot be read for now, whatever it contains.
    ForNow(LogError),
    /// Reading this part failed.
    Failed(LogError),
}

impl Looking {
    pub(crate) fn audited(&self) -> Audited {
        self.audit.audited
    }

    /// Skips what cannot be read.
    pub(crate) fn skip(&mut self, error: &LogError, found: &mut Vec<Finding>) {
        self.audit.skip(error, found);
    }

    fn step(&mut self, pool: &Pool, found: &mut Vec<Finding>) -> Result<bool, NotLooked> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => pool.open_another().map_err(NotLooked::ForNow)?,
        };
        let goes_on = self.audit.step(&conn, found).map_err(|error| why(&error))?;
        self.conn = Some(conn).filter(|_| goes_on);
        Ok(goes_on)
    }
}

impl SqliteLog {
    /// Runs the next step of an audit, off the async threads.
    pub(crate) async fn look_through(&self, mut looking: Looking) -> Stepped {
        if let Err(error) = self.settled().await {
            return Stepped { looking, found: Vec::new(), goes_on: Err(NotLooked::ForNow(error)) };
        }
        let pool: Arc<Pool> = self.readers.pool();
        let step = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            let stepped = catch_unwind(AssertUnwindSafe(|| looking.step(&pool, &mut found)));
            let goes_on = stepped.unwrap_or_else(|_| {
                // A repetition of the step would panic again.
                looking.audit.pass_over(&"the check panicked", &mut found);
                Ok(true)
            });
            Stepped { looking, found, goes_on }
        });
        // Fails only when the runtime shuts down.
        step.await.unwrap_or_else(|error| Stepped {
            looking: Looking::default(),
            found: Vec::new(),
            goes_on: Err(NotLooked::ForNow(LogError(error.to_string()))),
        })
    }
}

fn why(error: &rusqlite::Error) -> NotLooked {
    let text = LogError(error.to_string());
    match error.sqlite_error_code() {
        // A bad part of the disk stays unreadable.
        Some(ErrorCode::SystemIoFailure) => NotLooked::Failed(text),
        // Every other error that is not damage concerns no particular part of the file.
        Some(_) | None => NotLooked::ForNow(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rusqlite::ffi;

    use super::*;
    use crate::RoomKey;
    use crate::log::sqlite::Damage;
    use crate::log::{RoomLog as _, StoredFact};

    #[test]
    fn only_a_part_of_the_disk_that_cannot_be_read_is_passed_over_and_all_else_is_waited_for() {
        let error = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_FULL, ffi::SQLITE_CANTOPEN, ffi::SQLITE_NOMEM] {
            assert!(matches!(why(&error(code)), NotLooked::ForNow(_)), "{code}");
        }
        assert!(matches!(why(&error(ffi::SQLITE_IOERR_READ)), NotLooked::Failed(_)));
    }

    #[tokio::test]
    async fn a_log_that_is_in_doubt_or_has_no_room_is_not_taken_for_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open_in(folder.path()).unwrap();
        *log.readers.pool().alone() = Some(Err(LogError("no room".to_owned())));
        let stepped = log.look_through(Looking::default()).await;
        assert!(matches!(stepped.goes_on, Err(NotLooked::ForNow(_))) && stepped.found.is_empty());
        assert_eq!(stepped.looking.audited(), Audited::default());
        *log.readers.pool().alone() = None;
        assert!(matches!(log.look_through(stepped.looking).await.goes_on, Ok(true)));
    }

    #[tokio::test]
    async fn a_room_at_which_a_step_panics_is_passed_over_and_the_next_one_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open_in(folder.path()).unwrap();
        let rooms = ["a", "b"].map(|room| RoomKey::new("main", room).unwrap());
        for room in &rooms {
            log.append(room, 0, vec![StoredFact::from(b"{}".to_vec())]).await.unwrap();
        }
        let (pool, mut looking, mut found) = (log.readers.pool(), Looking::default(), Vec::new());
        while looking.audited().rooms == 0 {
            assert!(looking.step(&pool, &mut found).unwrap());
        }
        // The step took the current room, and did not return it.
        looking.audit.pass_over(&"panicked", &mut found);
        while looking.step(&pool, &mut found).unwrap() {}
        let unread = Finding { room: Some(rooms[0].clone()), damage: Damage::Unread("panicked".to_owned()) };
        assert_eq!(found[0], unread, "{found:?}");
        assert!(
            matches!(&found[1], Finding { room: Some(room), damage: Damage::Fact { .. } } if *room == rooms[1])
        );
        assert_eq!(looking.audited().rooms, 2);
    }
}
