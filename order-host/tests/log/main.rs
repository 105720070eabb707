//! The logs of `order-host`: what every log promises, and what becomes of the files of the SQLite log.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod conformance;
#[cfg(all(feature = "sqlite", unix))]
mod sqlite_crash;
#[cfg(feature = "sqlite")]
mod sqlite_file;
#[cfg(all(feature = "sqlite", unix))]
mod sqlite_full;
#[cfg(all(feature = "sqlite", unix))]
mod sqlite_lost;
#[cfg(feature = "sqlite")]
mod sqlite_older;
#[cfg(feature = "sqlite")]
mod sqlite_torn;

/// What the tests of several topics share. Nothing here is a test.
mod support {
    #[cfg(all(feature = "sqlite", unix))]
    pub(crate) mod small_disk;
    #[cfg(feature = "sqlite")]
    pub(crate) mod written_rooms;
}
