//! Carrying the write-ahead log over into the database, with the marks that say so.

use std::time::{Duration, Instant};

use super::mark::{self, Alone, Mark};
use super::opening::carry_over_on_close;
use super::writer::Writer;

/// After so long it is tried again to have the database file say that it is open.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How long those who read are waited for at the end. A server that stops has little time.
const WAIT_AT_END: Duration = Duration::from_secs(1);

impl Writer {
    /// Marks the database as one that is not whole without its write-ahead log. `alone` is what its file said when that was last
    /// looked at; `gives_up`: something is missing, and the operator goes on without it.
    ///
    /// # Errors
    /// When nothing can be written.
    pub(super) fn mark_open(&mut self, alone: &Alone, gives_up: bool) -> rusqlite::Result<()> {
        if gives_up {
            // So that the row in the file alone is the one that the next is told to come after.
            self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        let before = mark::read(&self.conn)?;
        let cookie = mark::cookie(&self.conn)?;
        let mut opened = Mark::opened(before, cookie);
        if gives_up {
            // What was noted of the facts that are missing is of no account any more, and a write-ahead log that has them and is put
            // back does not fit.
            opened = opened.next_base();
            opened.lineage = rand::random();
        }
        if before != Some(opened) {
            opened.write_with_cookie(&self.conn)?;
        }
        self.mark = opened;
        if alone.is_open_with(opened.cookie) && !gives_up {
            return Ok(());
        }
        self.carry_over()?;
        self.see_that_it_says_open();
        Ok(())
    }

    /// Looks whether the database file says that it is open. It does not while somebody reads what was before: then it is tried
    /// again after a while.
    pub(super) fn see_that_it_says_open(&mut self) {
        let says_so = Alone::look(&self.files.database).is_open_with(self.mark.cookie);
        if !says_so && self.says_open_late.is_none() {
            tracing::warn!(
                "somebody reads the database: until they end, a copy of it without its write-ahead log looks whole, and is not"
            );
        }
        self.says_open_late = (!says_so).then(|| Instant::now() + TRY_AGAIN);
    }

    /// Carries the write-ahead log over as far as those who read let it, and marks that.
    pub(super) fn carry_over_and_mark(&mut self) -> rusqlite::Result<()> {
        // A full disk may take nothing more before this is carried over, and it can be done without.
        if let Err(error) = self.write_mark(self.mark.next_attempt()) {
            tracing::debug!(%error, "a checkpoint is not marked");
        }
        self.carry_over()
    }

    fn carry_over(&mut self) -> rusqlite::Result<()> {
        let (busy, pages, carried): (bool, i64, i64) =
            self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        if !busy && pages == carried {
            self.write_mark(self.mark.next_base())?;
        }
        Ok(())
    }

    /// Not synced: what comes after it in the write-ahead log is, and a checkpoint syncs that first.
    fn write_mark(&mut self, mark: Mark) -> rusqlite::Result<()> {
        self.unsynced(|this| mark.write(&this.conn))?;
        self.mark = mark;
        Ok(())
    }

    /// Carries everything over and marks the database as whole without its write-ahead log, which is left empty. Whether somebody
    /// reads, so that it could not be.
    pub(super) fn carry_all_over(&mut self) -> rusqlite::Result<bool> {
        let closed = self.mark.closed();
        // Not emptied before it is marked: a database that says that it is open, with an empty log, is refused.
        closed.write(&self.conn)?;
        self.mark = closed;
        self.conn.busy_timeout(WAIT_AT_END)?;
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    }

    /// The end in good order: everything is carried over, and the write-ahead log is removed when the connection is closed.
    /// Where that cannot be, it stays, and is read when the database is opened again.
    pub(super) fn close_whole(&mut self) {
        if let Err(error) = self.settle() {
            tracing::warn!(%error, "the write-ahead log is not carried over");
            return;
        }
        match self.carry_all_over() {
            Ok(false) => {
                if let Err(error) = carry_over_on_close(&self.conn, true) {
                    tracing::warn!(%error, "an empty write-ahead log stays beside the database");
                }
            }
            Ok(true) => tracing::info!("somebody reads the database: its write-ahead log stays beside it"),
            Err(error) => tracing::warn!(%error, "the write-ahead log is not carried over"),
        }
    }
}
