//! Why a SQLite log cannot be opened.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a SQLite log cannot be opened. No stored data was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder cannot be created.
    #[error("cannot create the data folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file cannot be created, read or written, or its folder cannot.
    #[error("cannot read and write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Another log, in this process or another one, has the file open.
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
    /// The file is a SQLite database of another program.
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
    /// The write-ahead log is missing that the file had when it was copied, or when the process
    /// that had it open was killed.
    #[error(
        "{0} was in use when it was copied, but its write-ahead log {0}-wal is missing, and with it the last facts",
        path.display()
    )]
    NoWriteAheadLog {
        /// The database file.
        path: PathBuf,
    },
    /// The write-ahead log beside the file is from another moment, or from another database.
    #[error(
        "{0} and its write-ahead log {0}-wal were copied at different times, or do not belong together",
        path.display()
    )]
    OtherWriteAheadLog {
        /// The database file.
        path: PathBuf,
    },
    /// Stored facts are missing: the write-ahead log is damaged or truncated, or older than the
    /// lock file.
    #[error(
        "{} lacks its last facts: {stored} were stored, but it has {found}; its write-ahead log is damaged or cut short",
        path.display()
    )]
    FactsMissing {
        /// The database file.
        path: PathBuf,
        /// How many facts were stored.
        stored: u64,
        /// How many facts are found.
        found: u64,
    },
    /// An older release wrote the file, which is opened for reading only.
    #[error(
        "{} was written by an older version: start this version's server on it once to upgrade it, then try again",
        path.display()
    )]
    OlderVersion {
        /// The database file.
        path: PathBuf,
    },
    /// The file is empty, although it had facts.
    #[error("{} is empty, but it had orders", path.display())]
    Emptied {
        /// The database file.
        path: PathBuf,
    },
    /// The migration to a newer schema failed; the file still has the previous one.
    #[error("cannot upgrade {} to schema {version}: {source}", path.display())]
    Migration {
        /// The database file.
        path: PathBuf,
        /// The schema version that could not be reached.
        version: u32,
        /// SQLite's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// SQLite cannot use the file.
    #[error("cannot use the database {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// SQLite's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The writer thread cannot be started.
    #[error("cannot start the writer thread: {source}")]
    Thread {
        /// The system's error.
        source: io::Error,
    },
}
