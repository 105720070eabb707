//! Watches whether the files of a log are still where they were opened.
//!
//! A file that is removed or moved stays open. What is written to it is lost when the
//! process ends, or is in a folder that nobody looks at, and no write fails because of
//! that. So the paths are checked, twice a second and not for each append.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as threads};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::WeakSender;

use super::files::{HeldFiles, beside, sync_folder_of};
use super::queue::Job;
use super::writer::WriterStatus;
use crate::log::LogError;

/// How often the paths are checked.
const EVERY: Duration = Duration::from_millis(500);

/// The identity of a file: its device and its inode number.
type Identity = (u64, u64);

/// The paths of the open files, and whether each still names the same file. Where the
/// system has no inode numbers, the files count as unchanged.
#[derive(Debug)]
pub(super) struct Watch {
    database: PathBuf,
    places: Mutex<Vec<Place>>,
    /// Whether `loss` is set, as a cheap check.
    is_lost: AtomicBool,
    loss: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    identity: Identity,
    /// Whether SQLite creates and removes it.
    is_sqlites: bool,
}

/// What was found at the path of an open file.
enum Found {
    TheFile,
    Nothing,
    Another { bytes: u64 },
    Error(io::Error),
}

impl Watch {
    /// Watches `database`, also by the path `given`, and `lock`, in their present state.
    pub(super) fn new(given: &Path, database: &Path, opened: &Metadata, lock: (&Path, &Metadata)) -> Self {
        let watch = Self {
            database: database.to_owned(),
            places: Mutex::default(),
            is_lost: AtomicBool::new(false),
            loss: Mutex::default(),
        };
        // A symbolic link in its path may later point elsewhere.
        if let Ok(given) = std::path::absolute(given)
            && given != database
        {
            watch.note(&given, opened, false);
        }
        watch.note(database, opened, false);
        watch.note(lock.0, lock.1, false);
        watch
    }

    /// Stops watching the files that SQLite creates beside the database, which is about to be
    /// closed or opened.
    pub(super) fn forget_what_sqlite_made(&self) {
        self.places().retain(|place| !place.is_sqlites);
    }

    /// Watches the files that SQLite has created beside the database, which has just been
    /// opened.
    pub(super) fn note_what_sqlite_made(&self) {
        self.forget_what_sqlite_made();
        for end in ["-wal", "-shm"] {
            let path = beside(&self.database, end);
            if let Ok(found) = fs::metadata(&path) {
                self.note(&path, &found, true);
            }
        }
    }

    fn note(&self, path: &Path, found: &Metadata, is_sqlites: bool) {
        if let Some(identity) = identity(found) {
            self.places().push(Place { path: path.to_owned(), identity, is_sqlites });
        }
    }

    /// Returns whether all files were in their places at the last check.
    ///
    /// # Errors
    /// When they were not: what happened.
    pub(super) fn all_was_there(&self) -> Result<(), LogError> {
        if !self.is_lost.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.loss() {
            Some(loss) => Err(LogError(loss.clone())),
            None => Ok(()),
        }
    }

    /// Checks that all files are in their places, and logs a change.
    ///
    /// # Errors
    /// When they are not: what happened.
    pub(super) fn look(&self) -> Result<(), LogError> {
        // Held to the end, or of two concurrent checks the slower one could store an older result.
        let mut loss = self.loss();
        let now = self.what_is_lost();
        if *loss != now {
            if let Some(lost) = &now {
                tracing::error!(
                    "{lost}. NOTHING IS STORED until it is back: put it back, or stop this server and start it with the right \
                     data folder"
                );
            } else {
                // The names may be new.
                if let Err(error) = sync_folder_of(&self.database) {
                    tracing::error!(%error, "the files are back, but their folder cannot be synced: nothing is stored yet");
                    return Err(LogError(format!("the folder cannot be synced: {error}")));
                }
                tracing::info!(database = %self.database.display(), "the files are back: orders are stored again");
            }
            *loss = now;
        }
        self.is_lost.store(loss.is_some(), Ordering::Release);
        loss.clone().map_or(Ok(()), |loss| Err(LogError(loss)))
    }

    /// Returns whether exactly one of the database and its write-ahead log is in its place.
    /// Opening the database in this state would miss the log's facts, or apply them to another
    /// database.
    pub(super) fn has_parted_database_and_log(&self) -> bool {
        let log = beside(&self.database, "-wal");
        let places = self.places();
        let look = |path: &Path| places.iter().find(|place| place.path == *path).map(Place::look);
        match (look(&self.database), look(&log)) {
            // Beside a log with content that is not its own, the database must stay unchanged.
            (Some(Found::TheFile), Some(Found::Nothing | Found::Another { bytes: 0 }))
            | (Some(Found::Nothing | Found::Another { .. }), Some(Found::TheFile)) => true,
            (None | Some(_), None | Some(_)) => false,
        }
    }

    /// Describes what happened to the first file that is not in its place.
    fn what_is_lost(&self) -> Option<String> {
        self.places().iter().find_map(|place| {
            let path = place.path.display();
            let folder = place.path.parent().unwrap_or(&place.path);
            match place.look() {
                Found::TheFile => None,
                Found::Nothing if !folder.is_dir() => {
                    Some(format!("the data folder {} was removed or moved away", folder.display()))
                }
                Found::Nothing => Some(format!("{path} was removed or moved away")),
                Found::Another { .. } => Some(format!("{path} is not the file that was opened")),
                Found::Error(error) => Some(format!("{path} cannot be checked: {error}")),
            }
        })
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loss(&self) -> MutexGuard<'_, Option<String>> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn look(&self) -> Found {
        match fs::metadata(&self.path) {
            Ok(found) if identity(&found) == Some(self.identity) => Found::TheFile,
            Ok(found) => Found::Another { bytes: found.len() },
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Found::Nothing
            }
            Err(error) => Found::Error(error),
        }
    }
}

#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "other systems have none"))]
fn identity(found: &Metadata) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        None
    }
}

/// The thread that checks the paths, and reminds the writer of work it put off. Dropping it
/// stops it.
#[derive(Debug)]
pub(super) struct Watcher {
    /// `None` only during the drop.
    stop: Option<threads::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(super) fn start(
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
        writer: WeakSender<Job>,
    ) -> io::Result<Self> {
        let (stop, stopped) = threads::channel();
        let watch = move || {
            let mut was_there = true;
            while stopped.recv_timeout(EVERY) == Err(threads::RecvTimeoutError::Timeout) {
                let is_there = files.watch.look().is_ok();
                if (is_there != was_there || status.has_put_off.load(Ordering::Acquire))
                    && let Some(writer) = writer.upgrade()
                {
                    // A busy writer is reminded the next time.
                    drop(writer.try_send(Job::TryAgain));
                }
                was_there = is_there;
            }
        };
        let thread = thread::Builder::new().name("log-watcher".into()).spawn(watch)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's watcher panicked");
        }
    }
}
