//! Reading, off the async threads and beside the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::files::HeldFiles;
use crate::log::LogError;

/// How many reads run at a time. The others wait their turn, each as the small future of its caller.
const READERS: usize = 4;

/// A few connections that only read. In WAL mode a reader neither waits for the writer nor delays it, and sees
/// everything that was committed before it began.
#[derive(Debug)]
pub(super) struct Readers {
    permits: Arc<Semaphore>,
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    /// Connections not in use; opened when first needed.
    idle: Mutex<Vec<Connection>>,
    /// Declared after the connections: they are closed before the lock is released.
    files: Arc<HeldFiles>,
}

impl Readers {
    pub(super) fn new(files: Arc<HeldFiles>) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(READERS)),
            pool: Arc::new(Pool { idle: Mutex::default(), files }),
        }
    }

    /// Runs `query` on a connection of its own, on tokio's pool of blocking threads. When the caller goes
    /// away the query is finished for nobody, and its connection comes back.
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
            let connection = match pool.take() {
                Some(connection) => connection,
                None => open(&pool.files.database)?,
            };
            let found = query(&connection);
            pool.give_back(connection);
            found
        });
        read.await.map_err(|error| failed(&error))?.map_err(|error| {
            tracing::error!(%error, "cannot read the log");
            failed(&error)
        })
    }
}

impl Pool {
    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // In KiB when negative: four readers hold 8 MiB of pages at the most.
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}
