//! Reads the log, off the async threads and concurrently with the writer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::files::HeldFiles;
use crate::log::LogError;

/// How many reads run at a time. Others wait, each as its caller's small future.
const READERS: usize = 4;

/// A few read-only connections. In WAL mode a reader neither waits for the writer nor
/// delays it, and sees everything that was committed before it began.
#[derive(Debug)]
pub(super) struct Readers {
    permits: Arc<Semaphore>,
    pool: Arc<Pool>,
}

#[derive(Debug)]
pub(super) struct Pool {
    /// Idle connections; opened on demand.
    idle: Mutex<Vec<Connection>>,
    /// The only connection, while there is no writer, or why there is none.
    alone: Mutex<Option<Result<Connection, LogError>>>,
    /// Declared after the connections, so that they are closed before the lock is released.
    files: Arc<HeldFiles>,
}

impl Readers {
    pub(super) fn new(files: Arc<HeldFiles>) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(READERS)),
            pool: Arc::new(Pool { idle: Mutex::default(), alone: Mutex::default(), files }),
        }
    }

    pub(super) fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.pool)
    }

    /// Runs `query` on a connection of its own, on tokio's blocking threads. If the caller goes
    /// away, the query still finishes, and its connection is reused.
    pub(super) async fn query<T, Q>(&self, query: Q) -> Result<T, LogError>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let failed = |error: &dyn std::fmt::Display| LogError(format!("cannot read: {error}"));
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|error| failed(&error))?;
        let pool = Arc::clone(&self.pool);
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.run(query)
        });
        read.await.map_err(|error| failed(&error))?.inspect_err(|error| {
            tracing::error!(%error, "cannot read the log");
        })
    }
}

impl Pool {
    /// Locks the connection that reads while there is no writer. No read starts while the guard
    /// is held.
    pub(super) fn alone(&self) -> MutexGuard<'_, Option<Result<Connection, LogError>>> {
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        let failed = |error: &dyn std::fmt::Display| LogError(format!("cannot read: {error}"));
        let alone = self.alone();
        match &*alone {
            None => drop(alone),
            Some(Ok(connection)) => return query(connection).map_err(|error| failed(&error)),
            Some(Err(error)) => return Err(failed(error)),
        }
        let connection = match self.take() {
            Some(connection) => connection,
            None => open(&self.files).map_err(|error| failed(&error))?,
        };
        let found = query(&connection);
        self.give_back(connection);
        found.map_err(|error| failed(&error))
    }

    /// Opens an additional connection with a small cache, for a caller that reads everything
    /// once.
    ///
    /// # Errors
    /// When none can be opened now.
    pub(super) fn open_another(&self) -> Result<Connection, LogError> {
        if self.alone().is_some() {
            return Err(LogError("the disk is full: only one connection can read".into()));
        }
        let connection = open(&self.files)?;
        // Negative: in KiB.
        let small = connection.pragma_update(None, "cache_size", -256);
        small.map_err(|error| LogError(error.to_string()))?;
        Ok(connection)
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Opens a connection to the writer's files, and refuses others that have taken their
/// place.
fn open(files: &HeldFiles) -> Result<Connection, LogError> {
    files.watch.look()?;
    let connect = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&files.database, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // Negative: in KiB. Four readers hold 8 MiB of pages at most.
        connection.pragma_update(None, "cache_size", -2048)?;
        // SQLite opens the write-ahead log only now.
        connection.query_row("SELECT count(*) FROM placed", [], |_| Ok(()))?;
        Ok(connection)
    };
    let connection = connect().map_err(|error: rusqlite::Error| LogError(error.to_string()))?;
    files.watch.look()?;
    Ok(connection)
}
