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
