//! The thread that writes, for all rooms.
//!
//! A sync of the disk costs the same for one fact as for a hundred. So the writer takes whatever is
//! queued, puts it into one transaction, commits (and syncs) once, and then answers everybody. While the
//! disk is busy the next group gathers by itself: the more there is to do, the larger the groups.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ffi, params};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::alarms::Late;
use super::files::HeldFiles;
use super::mark::{self, Mark};
use super::places::{END_FACTS, End};
use super::queue::{Job, MAX_JOBS, SaveSnapshot};
use super::tails::Tails;
use crate::log::{ChainKey, LogError, Snapshot};

/// Pages in the write-ahead log (4 KiB each) from which on they are carried over into the database.
const CHECKPOINT_PAGES: i64 = 2_000;

/// While appends keep coming, a waiting snapshot is written after this many groups of them.
const GROUPS_PER_SNAPSHOT: u32 = 4;

/// Where a trial write goes: no room is called this, for every room's name has a slash.
pub(super) const TRIAL_ROOM: &str = "trial";

const TRIAL_BYTES: usize = 64 * 1024;

/// The state of the writer that the log looks at, too.
#[derive(Debug)]
pub(super) struct WriterStatus {
    /// Transactions that stored facts, so far.
    pub(super) commits: AtomicU64,
    /// A failed commit may have left facts in the file which the connections do not see, but which
    /// would be seen after a crash; and after a failed sync what they do see might be gone then. Set until it is known
    /// that neither is so.
    pub(super) in_doubt: AtomicBool,
    /// Which rooms have facts that are not in the index.
    pub(super) end: End,
    /// There is something to be done later, of which the writer wants to be reminded.
    pub(super) has_put_off: AtomicBool,
    /// The key of links, for a log that has none yet.
    pub(super) new_chain_key: ChainKey,
}

impl Default for WriterStatus {
    fn default() -> Self {
        Self {
            commits: AtomicU64::default(),
            in_doubt: AtomicBool::default(),
            end: End::default(),
            has_put_off: AtomicBool::default(),
            new_chain_key: ChainKey::random(),
        }
    }
}

/// The one connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) tails: Tails,
    /// Facts that were stored since some were last put into the index.
    pub(super) at_end: usize,
    pub(super) status: Arc<WriterStatus>,
    /// The last thing written failed, so being ready has to be tried, not assumed.
    pub(super) suspect: bool,
    pub(super) late_lifetimes: Option<Late>,
    /// The row that says whether the database is whole without its write-ahead log.
    pub(super) mark: Mark,
    /// The database was made whole without its write-ahead log, for the two have been parted.
    pub(super) has_let_go: bool,
    /// When to look again whether the database file says that it is open, if it does not yet.
    pub(super) says_open_late: Option<Instant>,
    /// Declared after the connection, which is closed before the lock is released.
    pub(super) files: Arc<HeldFiles>,
}

impl Writer {
    /// Takes the connection, whose schema must be up to date.
    pub(super) fn new(
        conn: Connection,
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
    ) -> rusqlite::Result<Self> {
        conn.busy_timeout(Duration::from_secs(5))?;
        conn.set_prepared_statement_cache_capacity(64);
        // A reader in WAL mode sees the state of its beginning and never blocks the writer.
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| match row.get::<_, String>(0)? {
            mode if mode == "wal" => Ok(()),
            _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), None)),
        })?;
        // Every commit is on the disk before it is answered.
        conn.pragma_update(None, "synchronous", "FULL")?;
        // Done by `checkpoint` instead, once the group is answered.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        // A burst leaves no larger file behind than this, in bytes.
        conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        // In KiB when negative.
        conn.pragma_update(None, "cache_size", -8192)?;
        // A failing disk gives an error from `read`, but kills whoever has the file mapped.
        conn.pragma_update(None, "mmap_size", 0)?;
        let tails = Tails::default();
        let mark = mark::read(&conn)?.unwrap_or_default();
        Ok(Self {
            conn,
            tails,
            at_end: 0,
            status,
            suspect: false,
            late_lifetimes: None,
            mark,
            has_let_go: false,
            says_open_late: None,
            files,
        })
    }

    /// Works until every sender is gone and everything queued is done.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        // Bounded by the budget that each snapshot holds a part of.
        let mut snapshots = VecDeque::new();
        let mut groups_since = 0;
        loop {
            // With a snapshot to write there is something to do while nobody asks for anything.
            let first = if snapshots.is_empty() {
                jobs.blocking_recv()
            } else {
                match jobs.try_recv() {
                    Ok(job) => Some(job),
                    Err(TryRecvError::Empty) => {
                        self.write_next(&mut snapshots);
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => None,
                }
            };
            let Some(first) = first else { break };
            // Whoever is about to ask for something may do so first, for a larger group costs little more. Where there is a
            // core for everybody this takes no time, and where there is one for all the others have their turn.
            thread::yield_now();
            self.work(first, &mut jobs, &mut snapshots);
            if self.files.watch.all_was_there().is_err() {
                continue;
            }
            groups_since += 1;
            if groups_since >= GROUPS_PER_SNAPSHOT {
                groups_since = 0;
                self.write_next(&mut snapshots);
            }
            self.place(END_FACTS);
            self.checkpoint(CHECKPOINT_PAGES);
        }
        if self.files.watch.look().is_err() {
            self.leave_lost_files();
            return;
        }
        while !snapshots.is_empty() {
            self.write_next(&mut snapshots);
        }
        self.place(1);
        // One file is left, complete without the write-ahead log.
        self.close_whole();
    }

    /// The end, when the files are not in their places. Closing the database would remove the write-ahead log by its name,
    /// which may be another's by now.
    fn leave_lost_files(&mut self) {
        self.empty_a_log_without_its_database();
    }

    /// Carries the write-ahead log over into the database that it belongs to when the two are no longer beside each other. A
    /// log without a name would be gone with this process; one beside another database would be taken for that one's.
    fn empty_a_log_without_its_database(&mut self) {
        if !self.files.watch.has_parted_database_and_log() {
            return;
        }
        if self.undo().is_err() || self.status.in_doubt.load(Ordering::Acquire) {
            tracing::error!("what was stored last cannot be carried over into its database");
            return;
        }
        match self.carry_all_over() {
            Ok(false) => {
                self.has_let_go = true;
                tracing::info!("what was in the write-ahead log has been carried over into its database");
            }
            Ok(true) => {
                tracing::error!("somebody reads: what was stored last is not carried over into its database");
            }
            Err(error) => {
                tracing::error!(%error, "what was stored last cannot be carried over into its database");
            }
        }
    }

    /// Does what was put off, if it can be done now.
    fn try_again(&mut self) {
        if self.files.watch.all_was_there().is_err() {
            self.empty_a_log_without_its_database();
        } else {
            self.set_late_lifetimes();
        }
    }

    /// Takes what is queued, and does it. Snapshots are put off: somebody waits for every append.
    fn work(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>, snapshots: &mut VecDeque<SaveSnapshot>) {
        let mut group = Vec::new();
        let mut alarms = Vec::new();
        let mut asked_ready = Vec::new();
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(job) = next {
            match job {
                Job::Append(append) => group.push(append),
                Job::Alarm(set) => alarms.push(set),
                Job::Lifetimes(lifetimes, answer) => {
                    let _ = answer.send(self.set_lifetimes_sooner_or_later(lifetimes));
                }
                Job::Snapshot(save) => snapshots.push_back(save),
                Job::Ready(answer) => asked_ready.push(answer),
                Job::TryAgain => self.try_again(),
            }
            taken += 1;
            // At most what the queue holds: who keeps sending while this collects is in the next group.
            next = if taken < MAX_JOBS { jobs.try_recv().ok() } else { None };
        }
        if !group.is_empty() || !alarms.is_empty() {
            self.store_all(group, alarms);
        }
        if !asked_ready.is_empty() {
            let ready = self.ready();
            for answer in asked_ready {
                let _ = answer.send(ready.clone());
            }
        }
    }

    /// Whether a fact could be stored now: assumed as long as the last write went well, else tried with
    /// something of the size of a large fact, for a full disk often still takes a few bytes.
    fn ready(&mut self) -> Result<(), LogError> {
        self.files.watch.look()?;
        self.settle()?;
        if self.suspect {
            let trial = Snapshot { seq: 0, state: vec![0; TRIAL_BYTES] };
            self.put_snapshot(TRIAL_ROOM, &trial).map_err(|error| {
                self.doubt_if_a_sync_failed(&error);
                LogError(format!("cannot write: {error}"))
            })?;
            self.suspect = false;
        }
        Ok(())
    }

    pub(super) fn write_next(&mut self, snapshots: &mut VecDeque<SaveSnapshot>) {
        if let Some(save) = snapshots.pop_front() {
            let written = self.write_snapshot(&save);
            let _ = save.answer.send(written);
        }
    }

    /// A transaction of its own, so that failing here fails no append, and one without a sync: the next group
    /// syncs the file anyway, and a snapshot may be forgotten. What is half written when the power fails is
    /// left out when the file is opened again, and no acknowledged fact comes after it.
    fn write_snapshot(&mut self, save: &SaveSnapshot) -> Result<(), LogError> {
        self.settle()?;
        let written = self.unsynced(|this| this.put_snapshot(save.room.as_str(), &save.snapshot));
        written.map_err(|error| {
            self.suspect = true;
            self.doubt_if_a_sync_failed(&error);
            tracing::warn!(%error, room = %save.room.fingerprint(), "cannot write a snapshot");
            LogError(format!("cannot write a snapshot: {error}"))
        })
    }

    /// Does something without a sync when it commits.
    pub(super) fn unsynced(&self, work: impl FnOnce(&Self) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let done = self.conn.pragma_update(None, "synchronous", "NORMAL").and_then(|()| work(self));
        if let Err(error) = self.conn.pragma_update(None, "synchronous", "FULL") {
            // Nothing is acknowledged until `settle` has set it.
            tracing::error!(%error, "cannot go back to syncing every commit");
            self.status.in_doubt.store(true, Ordering::Release);
        }
        done
    }

    fn put_snapshot(&self, room: &str, snapshot: &Snapshot) -> rusqlite::Result<()> {
        let sql = "INSERT INTO snapshots (room, seq, state) VALUES (?1, ?2, ?3)
                   ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, state = excluded.state";
        let mut statement = self.conn.prepare_cached(sql)?;
        statement.execute(params![room, as_stored(snapshot.seq)?, snapshot.state]).map(|_| ())
    }

    /// Carries what is in the write-ahead log over into the database, if that is `at_least` so many pages.
    /// After the group is answered: nobody waits for it but the next group. Not while anything is in doubt: half carried
    /// over, the database needs a write-ahead log that is whole.
    fn checkpoint(&mut self, at_least: i64) {
        if let Err(error) = self.settle() {
            tracing::warn!(%error, "the write-ahead log is not carried over");
            return;
        }
        let is_late = self.says_open_late.is_some_and(|late| late <= Instant::now());
        let at_least = if is_late { 0 } else { at_least };
        let pages = self
            .conn
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
            .and_then(|mut noop| noop.query_row([], |row| row.get(1)));
        let done = match pages {
            Ok(pages) if at_least > pages => Ok(()),
            Ok::<i64, _>(_) => self.carry_over_and_mark(),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            self.doubt_if_a_sync_failed(&error);
            // The facts are where they are; the file grows until it succeeds.
            tracing::warn!(%error, "cannot carry the write-ahead log over");
        }
        if is_late {
            self.see_that_it_says_open();
        }
    }
}

/// SQLite's integers have a sign.
pub(super) fn as_stored(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
