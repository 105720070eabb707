//! Why a SQLite log cannot be opened.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a SQLite log cannot be opened. Nothing of what is stored was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder for the data cannot be made.
    #[error("cannot make the data folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be made, read and written, or the folder it is in cannot.
    #[error("cannot read and write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another log, in this process or in another one, has the file open.
    #[error("{} is in use: another server has it open", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file is not a SQLite database, or its first page is damaged.
    #[error("{} is not a database: it is damaged, or another kind of file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database that something else made.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// A newer release wrote the file.
    #[error(
        "{} was written by a newer version: its schema is {found}, this version knows up to {supported}",
        path.display()
    )]
    NewerVersion {
        /// The database file.
        path: PathBuf,
        /// The schema version of the file.
        found: u32,
        /// The newest schema version that this release knows.
        supported: u32,
    },
    /// The write-ahead log is missing that the file had when it was copied, or when the process that had it open was killed.
    #[error(
        "{0} was in use when it was copied, and its write-ahead log {0}-wal is not there: what was stored last is missing",
        path.display()
    )]
    NoWriteAheadLog {
        /// The database file.
        path: PathBuf,
    },
    /// The write-ahead log beside the file is of another moment, or of another database.
    #[error(
        "{0} and its write-ahead log {0}-wal were copied at different moments, or do not belong together",
        path.display()
    )]
    OtherWriteAheadLog {
        /// The database file.
        path: PathBuf,
    },
    /// Facts that were stored are gone: the write-ahead log is damaged or cut short, or older than the lock file.
    #[error(
        "{} lacks the last of its facts: {stored} were stored, and {found} are there; its write-ahead log is damaged or cut short",
        path.display()
    )]
    FactsMissing {
        /// The database file.
        path: PathBuf,
        /// How many facts were stored.
        stored: u64,
        /// How many are there.
        found: u64,
    },
    /// An older release wrote the file, and it is only to be read.
    #[error(
        "{} was written by an older version: start this version's server on it once, which brings it up, and try again",
        path.display()
    )]
    OlderVersion {
        /// The database file.
        path: PathBuf,
    },
    /// The file is empty, though there were facts in it.
    #[error("{} is empty, and there were orders in it", path.display())]
    Emptied {
        /// The database file.
        path: PathBuf,
    },
    /// Bringing the file up to a newer schema failed; it is still at the one before.
    #[error("cannot bring {} to schema {version}: {source}", path.display())]
    Migration {
        /// The database file.
        path: PathBuf,
        /// The schema version that could not be reached.
        version: u32,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// SQLite cannot use the file.
    #[error("cannot use the database {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start the thread that writes: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}
