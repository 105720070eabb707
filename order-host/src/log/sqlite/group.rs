//! A group commit of appends and alarms: one transaction, one sync.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use rusqlite::{ErrorCode, ffi};

use super::mark::Alone;
use super::queue::{Append, SetAlarm};
use super::writer::{Writer, as_stored};
use super::{places, schema};
use crate::RoomKey;
use crate::log::{AppendError, Link, LogError, StoredFact};

/// How many facts one statement stores.
const FACTS_AT_ONCE: usize = 16;

/// Returns the statement that stores this many facts, at least one. Its parameters are a
/// room, its last sequence number, and each fact with its link.
fn insert_sql(facts: usize) -> String {
    let mut sql = String::from("INSERT INTO log (room, seq, fact, link) VALUES (?1, ?2 + 1, ?3, ?4)");
    for (fact, parameter) in (2..=facts).zip((5_usize..).step_by(2)) {
        let _ = write!(sql, ", (?1, ?2 + {fact}, ?{parameter}, ?{})", parameter.saturating_add(1));
    }
    sql
}

impl Writer {
    /// Stores a group and answers all of its appends, in order.
    pub(super) fn store_all(&mut self, group: Vec<Append>, alarms: Vec<SetAlarm>) {
        let answers = self.store(&group, &alarms);
        let set = answers.as_ref().map(|_| ()).map_err(|error| LogError(error.to_string()));
        for alarm in alarms {
            let _ = alarm.answer.send(set.clone());
        }
        let answers = answers.unwrap_or_else(|error| {
            self.suspect = true;
            tracing::error!(%error, appends = group.len(), "cannot store facts");
            vec![Err(error); group.len()]
        });
        for (append, answer) in group.into_iter().zip(answers) {
            // A caller that went away reads the room again.
            let _ = append.answer.send(answer);
        }
    }

    /// Returns the answer to each append, or one error for all of them when the transaction
    /// failed as a whole. A conflict then counts as failed too: it may have been with a fact
    /// that is not stored after all.
    fn store(
        &mut self,
        group: &[Append],
        alarms: &[SetAlarm],
    ) -> Result<Vec<Result<u64, AppendError>>, AppendError> {
        self.settle().map_err(|error| AppendError::Failed(error.0))?;
        self.execute("BEGIN IMMEDIATE").map_err(|error| failed(&error))?;
        for SetAlarm { room, at, .. } in alarms {
            if let Err(error) = self.set_alarm(room, *at) {
                self.doubt_if_a_sync_failed(&error);
                self.undo().map_err(|error| failed(&error))?;
                return Err(failed(&error));
            }
        }
        let mut answers = Vec::with_capacity(group.len());
        let mut stored = !alarms.is_empty();
        let mut last_fact = None;
        for append in group {
            let answer = self.store_one(append);
            if self.conn.is_autocommit() {
                // On a full disk, for instance, SQLite rolls back the whole transaction, including
                // the appends before this one.
                self.tails.forget_all();
                return Err(AppendError::Failed(match answer {
                    Err(error) => error.to_string(),
                    Ok(_) => "the transaction was rolled back".into(),
                }));
            }
            if answer.is_ok() && !append.facts.is_empty() {
                stored = true;
                last_fact = Some(self.conn.last_insert_rowid().unsigned_abs());
            }
            answers.push(answer);
        }
        if self.status.in_doubt.load(Ordering::Acquire) {
            // A sync failed meanwhile, and with it the appends that succeeded. The next group
            // resolves it.
            self.tails.forget_all();
            return Err(AppendError::Failed("a sync failed".into()));
        }
        if stored {
            self.commit()?;
            // After the sync, and only if the group succeeded: the note never counts more than what
            // is stored.
            if let Some(last_fact) = last_fact {
                self.files.note(self.mark.lineage, last_fact);
            }
        } else {
            // Left open, this transaction would fail the next group. It cannot have written
            // anything.
            self.execute("ROLLBACK").map_err(|error| failed(&error))?;
        }
        Ok(answers)
    }

    /// Stores all facts of an append or, on an error, none. The other appends of the group are
    /// not affected unless SQLite rolls back the whole transaction.
    fn store_one(&mut self, append: &Append) -> Result<u64, AppendError> {
        let Append { room, expected, facts, .. } = append;
        let last = self.last_of(room).map_err(|error| failed(&error))?;
        if last != *expected {
            return Err(AppendError::Conflict { last });
        }
        let stored = match facts.len() {
            0 => return Ok(last),
            // SQLite rolls back a single statement that fails.
            1..=FACTS_AT_ONCE => self.insert(room, last, facts),
            _ => self.insert_or_undo(room, last, facts),
        };
        match stored {
            Ok(seq) => {
                self.tails.set(room, seq);
                self.status.end.add(room);
                self.at_end = self.at_end.saturating_add(facts.len());
            }
            Err(_) => self.tails.forget(room),
        }
        stored.map_err(|error| {
            self.suspect = true;
            self.doubt_if_a_sync_failed(&error);
            tracing::error!(%error, room = %room.fingerprint(), "cannot store facts");
            failed(&error)
        })
    }

    fn insert_or_undo(&self, room: &RoomKey, last: u64, facts: &[StoredFact]) -> rusqlite::Result<u64> {
        self.execute("SAVEPOINT append")?;
        let stored = self.insert(room, last, facts);
        if self.conn.is_autocommit() {
            return stored;
        }
        let undone = if stored.is_err() { self.execute("ROLLBACK TO append") } else { Ok(()) };
        if let Err(error) = undone.and_then(|()| self.execute("RELEASE append")) {
            // A part of it might be committed with the others, so the whole group is rolled back.
            self.undo()?;
            return Err(error);
        }
        stored
    }

    fn insert(&self, room: &RoomKey, last: u64, facts: &[StoredFact]) -> rusqlite::Result<u64> {
        let mut seq = last;
        for facts in facts.chunks(FACTS_AT_ONCE) {
            let mut statement = self.conn.prepare_cached(&insert_sql(facts.len()))?;
            statement.raw_bind_parameter(1, room.as_str())?;
            statement.raw_bind_parameter(2, as_stored(seq)?)?;
            for (parameter, fact) in (3_usize..).step_by(2).zip(facts) {
                statement.raw_bind_parameter(parameter, &fact.bytes)?;
                let link = fact.link.as_ref().map(Link::bytes);
                statement.raw_bind_parameter(parameter.saturating_add(1), link)?;
                seq = seq.saturating_add(1);
            }
            statement.raw_execute()?;
        }
        Ok(seq)
    }

    /// Returns the room's last sequence number, as this transaction sees it.
    fn last_of(&mut self, room: &RoomKey) -> rusqlite::Result<u64> {
        if let Some(last) = self.tails.get(room) {
            return Ok(last);
        }
        let last = places::last(&self.conn, room, self.status.end.has(room))?;
        self.tails.set(room, last);
        Ok(last)
    }

    /// Commits the transaction durably, or finds out what became of it.
    ///
    /// When a commit fails, SQLite rolls it back, and no connection sees it. But it may be
    /// complete in the write-ahead log, with its commit mark, only not synced, and be there
    /// again after a crash. It certainly is not if writing failed, because the mark is written
    /// last, nor once another transaction has overwritten it, which [`Writer::settle`] does.
    /// Otherwise the outcome is unknown.
    pub(super) fn commit(&mut self) -> Result<(), AppendError> {
        let Err(error) = self.execute("COMMIT") else {
            self.status.commits.fetch_add(1, Ordering::Relaxed);
            self.suspect = false;
            return Ok(());
        };
        self.tails.forget_all();
        if writing_failed(&error) && self.undo().is_ok() {
            return Err(failed(&error));
        }
        self.status.in_doubt.store(true, Ordering::Release);
        match self.settle() {
            Ok(()) => Err(failed(&error)),
            Err(_) => Err(AppendError::Unknown(error.to_string())),
        }
    }

    /// Prepares for writing. Fails while the files are not in their places, or while the
    /// outcome of a failed commit or sync is unknown.
    pub(super) fn settle(&mut self) -> Result<(), LogError> {
        self.undo().map_err(|error| LogError(format!("cannot roll back a transaction: {error}")))?;
        self.files.watch.all_was_there()?;
        if self.has_let_go {
            self.has_let_go = false;
            let alone = Alone::look(&self.files.database);
            self.mark_open(&alone, false).map_err(|error| {
                self.has_let_go = true;
                LogError(format!("the files are back, but nothing can be written: {error}"))
            })?;
        }
        if self.status.in_doubt.load(Ordering::Acquire) {
            let still = |error: &dyn Display| {
                LogError(format!("a commit failed, and nothing can be written yet: {error}"))
            };
            self.files.write_ahead_log_again().map_err(|error| still(&error))?;
            self.overwrite_leftovers().map_err(|error| still(&error))?;
            self.status.in_doubt.store(false, Ordering::Release);
            tracing::info!("the log can be written again");
        }
        Ok(())
    }

    /// Commits a transaction that changes nothing (it rewrites the first page unchanged, and
    /// syncs). It overwrites in the write-ahead log what a failed transaction left there.
    pub(super) fn overwrite_leftovers(&self) -> rusqlite::Result<()> {
        self.undo()?;
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        self.conn.pragma_update(None, "user_version", schema::SUPPORTED)
    }

    /// Notes a failed sync: nothing written before it can be considered durable, whatever a
    /// later sync returns.
    pub(super) fn doubt_if_a_sync_failed(&self, error: &rusqlite::Error) {
        let code = error.sqlite_extended_error_code();
        if matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) {
            self.status.in_doubt.store(true, Ordering::Release);
        }
    }

    /// Rolls back a transaction that is still open, such as after a commit that could not
    /// begin.
    pub(super) fn undo(&self) -> rusqlite::Result<()> {
        if self.conn.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK") }
    }

    pub(super) fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

fn failed(error: &rusqlite::Error) -> AppendError {
    AppendError::Failed(error.to_string())
}

fn writing_failed(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_WRITE)
}
