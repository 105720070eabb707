//! The writer thread, for all rooms.
//!
//! A sync of the disk costs the same for one fact as for a hundred. So the writer takes
//! everything queued, puts it into one transaction, commits (and syncs) once, and then
//! answers all callers. While the disk is busy the next group accumulates: the higher the
//! load, the larger the groups.

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

/// How many pages (4 KiB each) the write-ahead log may have before a checkpoint.
const CHECKPOINT_PAGES: i64 = 2_000;

/// Under constant load, a waiting snapshot is written after this many groups of appends.
const GROUPS_PER_SNAPSHOT: u32 = 4;

/// The key of a trial write. No room has this name, because every room's name contains a
/// slash.
pub(super) const TRIAL_ROOM: &str = "trial";

const TRIAL_BYTES: usize = 64 * 1024;

/// The state of the writer that the log looks at, too.
#[derive(Debug)]
pub(super) struct WriterStatus {
    /// The number of transactions that stored facts.
    pub(super) commits: AtomicU64,
    /// Whether a failed commit may have left facts in the file that no connection sees, but
    /// that would appear after a crash, or a failed sync may lose facts that connections see.
    /// Set until neither is possible.
    pub(super) in_doubt: AtomicBool,
    /// Which rooms have unindexed facts.
    pub(super) end: End,
    /// Whether there is work to do later, of which the writer wants to be reminded.
    pub(super) has_put_off: AtomicBool,
    /// The chain key, for a log that has none yet.
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

/// The only connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) tails: Tails,
    /// How many facts were stored since the last ones were indexed.
    pub(super) at_end: usize,
    pub(super) status: Arc<WriterStatus>,
    /// Whether the last write failed, so that `ready` must test instead of assume.
    pub(super) suspect: bool,
    pub(super) late_lifetimes: Option<Late>,
    /// The row that says whether the database is complete without its write-ahead log.
    pub(super) mark: Mark,
    /// Whether the database was checkpointed because it and its write-ahead log were separated.
    pub(super) has_let_go: bool,
    /// When to check again whether the database file says that it is open, if it does not yet.
    pub(super) says_open_late: Option<Instant>,
    /// Declared after the connection, which is closed before the lock is released.
    pub(super) files: Arc<HeldFiles>,
}

impl Writer {
    /// Creates a writer on a connection, whose schema must be up to date.
    pub(super) fn new(
        conn: Connection,
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
    ) -> rusqlite::Result<Self> {
        conn.busy_timeout(Duration::from_secs(5))?;
        conn.set_prepared_statement_cache_capacity(64);
        // In WAL mode a reader sees the state at its start and never blocks the writer.
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| match row.get::<_, String>(0)? {
            mode if mode == "wal" => Ok(()),
            _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), None)),
        })?;
        // Every commit is on the disk before it is answered.
        conn.pragma_update(None, "synchronous", "FULL")?;
        // `checkpoint` does that instead, after the group is answered.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        // The most bytes of the write-ahead log that a burst leaves behind.
        conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        // Negative: in KiB.
        conn.pragma_update(None, "cache_size", -8192)?;
        // A failing disk returns an error from `read`, but would crash a process that has the file
        // mapped.
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

    /// Runs until every sender is gone and everything queued is done.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        // Bounded by the budget of which each snapshot holds a part.
        let mut snapshots = VecDeque::new();
        let mut groups_since = 0;
        loop {
            // With a snapshot waiting, there is work to do even if the queue is empty.
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
            // Lets other tasks queue their appends first, because a larger group costs little more.
            // With idle cores this takes no time; on a busy core the other tasks get their turn.
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
        // Leaves one file, complete without the write-ahead log.
        self.close_whole();
    }

    /// Ends without the files in their places. Closing the database would remove the
    /// write-ahead log by its name, which may be another file by now.
    fn leave_lost_files(&mut self) {
        self.empty_a_log_without_its_database();
    }

    /// Checkpoints the write-ahead log into its database when the two have been separated. A
    /// log without a name would be lost with this process; a log beside another database would
    /// be taken for that one's.
    fn empty_a_log_without_its_database(&mut self) {
        if !self.files.watch.has_parted_database_and_log() {
            return;
        }
        if self.undo().is_err() || self.status.in_doubt.load(Ordering::Acquire) {
            tracing::error!("the write-ahead log cannot be checkpointed into its database");
            return;
        }
        match self.carry_all_over() {
            Ok(false) => {
                self.has_let_go = true;
                tracing::info!("the write-ahead log was checkpointed into its database");
            }
            Ok(true) => {
                tracing::error!("the database is being read: the write-ahead log was not checkpointed");
            }
            Err(error) => {
                tracing::error!(%error, "the write-ahead log cannot be checkpointed into its database");
            }
        }
    }

    /// Does what was put off, if that is possible now.
    fn try_again(&mut self) {
        if self.files.watch.all_was_there().is_err() {
            self.empty_a_log_without_its_database();
        } else {
            self.set_late_lifetimes();
        }
    }

    /// Takes everything queued, and does it. Snapshots are put off, because a caller waits for
    /// every append.
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
            // At most the capacity of the queue: a constant sender continues in the next group.
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

    /// Checks that a fact could be stored now. Assumed if the last write succeeded; otherwise
    /// tested with the size of a large fact, because a full disk often accepts a few bytes.
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

    /// Writes a snapshot in a transaction of its own, so that a failure fails no append, and
    /// without a sync: the next group syncs the file, and a snapshot may be lost. One that is
    /// half written at a power cut is ignored when the file is opened again, and no
    /// acknowledged fact follows it.
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

    /// Runs `work` with commits that do not sync.
    pub(super) fn unsynced(&self, work: impl FnOnce(&Self) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let done = self.conn.pragma_update(None, "synchronous", "NORMAL").and_then(|()| work(self));
        if let Err(error) = self.conn.pragma_update(None, "synchronous", "FULL") {
            // Nothing is acknowledged until `settle` has restored it.
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

    /// Checkpoints the write-ahead log, if it has at least `at_least` pages. Runs after the
    /// group is answered, so that only the next group waits. Not while anything is in doubt: a
    /// partly checkpointed database needs an intact write-ahead log.
    fn checkpoint(&mut self, at_least: i64) {
        if let Err(error) = self.settle() {
            tracing::warn!(%error, "the write-ahead log was not checkpointed");
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
            // The facts stay in the write-ahead log, which grows until a checkpoint succeeds.
            tracing::warn!(%error, "the write-ahead log was not checkpointed");
        }
        if is_late {
            self.see_that_it_says_open();
        }
    }
}

/// Converts to SQLite's signed integers.
pub(super) fn as_stored(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
