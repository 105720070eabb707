//! Checkpoints of the write-ahead log, with the marks that record them.

use std::time::{Duration, Instant};

use super::mark::{self, Alone, Mark};
use super::opening::carry_over_on_close;
use super::writer::Writer;

/// After this time the attempt to mark the database file as open is repeated.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How long the last checkpoint waits for readers. A server that stops has little time.
const WAIT_AT_END: Duration = Duration::from_secs(1);

impl Writer {
    /// Marks the database as incomplete without its write-ahead log. `alone` is what its file
    /// last said; with `gives_up`, facts are missing and the operator accepts the loss.
    ///
    /// # Errors
    /// When nothing can be written.
    pub(super) fn mark_open(&mut self, alone: &Alone, gives_up: bool) -> rusqlite::Result<()> {
        if gives_up {
            // So that the next row follows the one in the database file.
            self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        let before = mark::read(&self.conn)?;
        let cookie = mark::cookie(&self.conn)?;
        let mut opened = Mark::opened(before, cookie);
        if gives_up {
            // Notes about the missing facts are now obsolete, and a write-ahead log with those
            // facts must not fit if it is put back.
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

    /// Checks whether the database file says that it is open. It does not while a reader still
    /// uses the earlier state; then this is tried again after a while.
    pub(super) fn see_that_it_says_open(&mut self) {
        let says_so = Alone::look(&self.files.database).is_open_with(self.mark.cookie);
        if !says_so && self.says_open_late.is_none() {
            tracing::warn!(
                "the database is being read: until that ends, a copy without its write-ahead log looks whole, but is not"
            );
        }
        self.says_open_late = (!says_so).then(|| Instant::now() + TRY_AGAIN);
    }

    /// Checkpoints as much of the write-ahead log as the readers permit, and marks that.
    pub(super) fn carry_over_and_mark(&mut self) -> rusqlite::Result<()> {
        // A full disk may accept nothing more before this checkpoint, which works without the mark.
        if let Err(error) = self.write_mark(self.mark.next_attempt()) {
            tracing::debug!(%error, "a checkpoint was not marked");
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

    /// Not synced: the next commit in the write-ahead log is, and a checkpoint syncs the log
    /// first.
    fn write_mark(&mut self, mark: Mark) -> rusqlite::Result<()> {
        self.unsynced(|this| mark.write(&this.conn))?;
        self.mark = mark;
        Ok(())
    }

    /// Checkpoints everything, marks the database as complete without its write-ahead log, and
    /// empties that. Returns whether a reader prevented it.
    pub(super) fn carry_all_over(&mut self) -> rusqlite::Result<bool> {
        let closed = self.mark.closed();
        // Marked before the log is emptied: a database that says that it is open, with an empty
        // log, is refused.
        closed.write(&self.conn)?;
        self.mark = closed;
        self.conn.busy_timeout(WAIT_AT_END)?;
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    }

    /// Closes the log in good order: everything is checkpointed, and SQLite removes the
    /// write-ahead log with the connection. If that is not possible, the write-ahead log stays,
    /// and is read at the next opening.
    pub(super) fn close_whole(&mut self) {
        if let Err(error) = self.settle() {
            tracing::warn!(%error, "the write-ahead log was not checkpointed");
            return;
        }
        match self.carry_all_over() {
            Ok(false) => {
                if let Err(error) = carry_over_on_close(&self.conn, true) {
                    tracing::warn!(%error, "an empty write-ahead log stays beside the database");
                }
            }
            Ok(true) => tracing::info!("the database is being read: its write-ahead log stays beside it"),
            Err(error) => tracing::warn!(%error, "the write-ahead log was not checkpointed"),
        }
    }
}
