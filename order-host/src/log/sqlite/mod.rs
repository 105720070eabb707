//! A log in one SQLite file.
//!
//! All rooms share one table and one writer thread (group commit); a few connections read
//! concurrently. One process at a time has the file open.

mod alarms;
mod audit;
mod backup;
mod chain_key;
mod closing;
mod error;
mod files;
mod group;
mod looking;
mod mark;
mod opening;
mod places;
mod queue;
mod readers;
mod schema;
mod tails;
mod verify;
mod waiting;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use order_core::{Lifetimes, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

pub use self::audit::{Audited, Damage, Finding};
pub use self::backup::copy_out_of;
pub use self::error::OpenError;
use self::files::HeldFiles;
pub(crate) use self::looking::{Looking, NotLooked};
use self::queue::Queue;
use self::readers::Readers;
pub use self::verify::verify_in;
use self::waiting::{Beginning, Waiting};
use self::watch::Watcher;
use self::writer::WriterStatus;
use super::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use crate::RoomKey;

/// The name of the database file in a data folder.
pub const FILE_NAME: &str = "stonepot.db";

/// A durable [`RoomLog`] in one SQLite file.
///
/// An append that was answered with a sequence number is on the disk. Reading needs a tokio
/// runtime; opening and dropping do not, but both block for a moment (dropping finishes
/// what is queued).
#[derive(Debug)]
pub struct SqliteLog {
    /// Dropped before the queue: the writer's connection must be the last to close, which
    /// cleans up.
    readers: Readers,
    /// Dropped before the queue: closing the database removes files that the watcher checks.
    _watcher: Watcher,
    queue: Queue,
    status: Arc<WriterStatus>,
    path: PathBuf,
}

impl SqliteLog {
    /// Opens the log in `folder`. Creates the folder (for this user alone) and the file
    /// `stonepot.db` in it if they are missing.
    ///
    /// # Errors
    /// As [`SqliteLog::open`], and when the folder cannot be created.
    pub fn open_in(folder: &Path) -> Result<Self, OpenError> {
        files::make_folder(folder)?;
        Self::open(&folder.join(FILE_NAME))
    }

    /// Opens the log in the file at `path`. Creates it (readable by this user alone) if it is
    /// missing, and migrates an older release's schema. Its folder must exist. Beside it are
    /// `-wal` and `-shm`, which belong to it, and the lock file `-lock`.
    ///
    /// It also opens on a full disk: stored orders can be read, appends fail, and they succeed
    /// again once there is room. A file of an older release can be read only once there is room
    /// to migrate it.
    ///
    /// # Errors
    /// When the file is in use, is not one of this log's or is of a newer release, or cannot be
    /// read and written; and when it is known to be incomplete, such as a copy of a file in use
    /// without its `-wal`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_held(HeldFiles::hold(path)?)
    }

    /// Opens the log in `folder` even if the last facts are known to be missing. They are lost
    /// then: clients that have seen them are sent the earlier state.
    ///
    /// # Errors
    /// As [`SqliteLog::open_in`], except [`OpenError::NoWriteAheadLog`] and
    /// [`OpenError::FactsMissing`].
    pub fn open_in_without_what_is_missing(folder: &Path) -> Result<Self, OpenError> {
        files::make_folder(folder)?;
        let mut files = HeldFiles::hold(&folder.join(FILE_NAME))?;
        files.goes_on_without = true;
        Self::open_held(files)
    }

    fn open_held(files: HeldFiles) -> Result<Self, OpenError> {
        let files = Arc::new(files);
        let status = Arc::<WriterStatus>::default();
        let readers = Readers::new(Arc::clone(&files));
        let beginning = match opening::in_full(&files, &status) {
            Ok(writer) => Beginning::Writing(Box::new(writer)),
            Err(error) if opening::failed_for_want_of_room(&error, &files) => Beginning::Waiting(
                Waiting::begin(Arc::clone(&files), Arc::clone(&status), readers.pool(), &error)?,
            ),
            Err(error) => return Err(error),
        };
        Self::start(beginning, readers, files, status).map_err(|source| OpenError::Thread { source })
    }

    fn start(
        beginning: Beginning,
        readers: Readers,
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
    ) -> io::Result<Self> {
        let path = files.database.clone();
        let queue = Queue::start(beginning)?;
        let to_writer = queue.weak().ok_or(io::ErrorKind::NotConnected)?;
        let watcher = Watcher::start(files, Arc::clone(&status), to_writer)?;
        Ok(Self { readers, _watcher: watcher, queue, status, path })
    }

    /// Returns the path of the database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many transactions have stored something since the log was opened, most of
    /// them facts. With many busy rooms it stays well below the number of appends: that is what
    /// group commit saves.
    pub fn commits(&self) -> u64 {
        self.status.commits.load(Ordering::Relaxed)
    }

    /// Sets the lifetimes of orders. A change wakes every room once, because its alarm may now
    /// be too late. Call it before the first room is loaded.
    ///
    /// # Errors
    /// When they could not be stored. That is retried automatically.
    pub async fn set_lifetimes(&self, lifetimes: Lifetimes) -> Result<(), LogError> {
        self.queue.set_lifetimes(lifetimes).await
    }

    /// Waits until no failed commit is in doubt: what is read before may be different after a
    /// crash.
    async fn settled(&self) -> Result<(), LogError> {
        if self.status.in_doubt.load(Ordering::Acquire) { self.queue.ready().await } else { Ok(()) }
    }
}

#[async_trait]
impl RoomLog for SqliteLog {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        self.queue.append(room, expected, facts).await
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        self.settled().await?;
        let room = room.clone();
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let at_end = self.status.end.has(&room);
        let facts = move |conn: &Connection| places::facts(conn, &room, after, limit, at_end);
        self.readers.query(facts).await
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.queue.save_snapshot(room, snapshot).await
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.settled().await?;
        let room = room.clone();
        let snapshot = move |conn: &Connection| {
            conn.prepare_cached("SELECT seq, state FROM snapshots WHERE room = ?1")?
                .query_row([room.as_str()], |row| {
                    Ok(Snapshot { seq: row.get::<_, i64>(0)?.unsigned_abs(), state: row.get(1)? })
                })
                .optional()
        };
        self.readers.query(snapshot).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.queue.set_alarm(room, at).await
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.settled().await?;
        let room = room.clone();
        self.readers.query(move |conn| alarms::of(conn, &room)).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.settled().await?;
        let after = after.cloned();
        self.readers.query(move |conn| alarms::after(conn, after.as_ref(), limit)).await
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.settled().await?;
        let found = self.readers.query(chain_key::find).await?;
        Ok(found.unwrap_or(self.status.new_chain_key))
    }

    async fn ready(&self) -> Result<(), LogError> {
        self.queue.ready().await
    }
}
