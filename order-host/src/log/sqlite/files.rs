//! The files of a log: their permissions and their lock.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::watch::Watch;
use super::{OpenError, mark};

/// The smallest page size of a database, in bytes. SQLite takes a shorter file for an empty
/// database, and would overwrite somebody's text.
const SMALLEST_PAGE: u64 = 512;

/// How much of the write-ahead log is rewritten at a time, in bytes.
const BLOCK: usize = 1024 * 1024;

/// How much is written to test for free space, in bytes: more than SQLite needs for its
/// index of the write-ahead log.
const TRIAL: usize = 64 * 1024;

/// The suffix of the file name for that test.
const TRIAL_END: &str = "-trial";

/// Creates the folder and its parents, accessible to this user only: orders contain phone
/// numbers. An existing folder keeps its mode.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)?;
    sync_folder_of(folder).map_err(failed)
}

/// The database's files, locked by this log until it is dropped.
///
/// The lock is an advisory one (`flock` on Unix) on a separate file beside the database,
/// for two reasons: SQLite's exclusive mode would lock out this log's own readers, and
/// closing a second handle on the database file would drop the locks that SQLite holds on
/// it. The system releases the lock when the process ends, however it ends. The lock file
/// stays: removing it would let two servers lock two different files of that name.
#[derive(Debug)]
pub(super) struct HeldFiles {
    /// The absolute path of the database file.
    pub(super) database: PathBuf,
    /// The path as the caller gave it.
    pub(super) given: PathBuf,
    /// Watches whether the files are still in their places.
    pub(super) watch: Watch,
    /// Whether the operator accepts the loss of missing facts.
    pub(super) goes_on_without: bool,
    lock: File,
}

impl HeldFiles {
    /// Locks the database at `path`, and creates an empty file if there is none.
    pub(super) fn hold(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::File { path: path.to_owned(), source };
        let database = resolve(path).map_err(failed)?;
        let lock_path = beside(&database, "-lock");
        let lock_failed = |source| OpenError::File { path: lock_path.clone(), source };
        let lock = open_private(&lock_path).map_err(lock_failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // Left by a process that was killed during the test. A failure is harmless.
        drop(fs::remove_file(beside(&database, TRIAL_END)));
        if let Err(error) = fs::metadata(&database)
            && error.kind() == io::ErrorKind::NotFound
        {
            // Its note is about a database that no longer exists.
            lock.set_len(0).map_err(failed)?;
        }
        // SQLite gives its `-wal` and `-shm` files the mode of this file.
        let opened = open_private(&database).and_then(|file| file.metadata()).map_err(failed)?;
        if (1..SMALLEST_PAGE).contains(&opened.len()) {
            return Err(OpenError::NotADatabase { path: path.to_owned() });
        }
        // SQLite would take it for a new database, and discard its write-ahead log.
        if opened.len() == 0 && (mark::has_log(&database) || mark::has_note(&lock_path)) {
            return Err(OpenError::Emptied { path: path.to_owned() });
        }
        sync_folder_of(&database).map_err(failed)?;
        let locked = lock.metadata().map_err(lock_failed)?;
        let watch = Watch::new(path, &database, &opened, (&lock_path, &locked));
        Ok(Self { database, given: path.to_owned(), watch, goes_on_without: false, lock })
    }

    /// Rewrites the write-ahead log, byte for byte, and syncs it.
    ///
    /// A sync alone is not enough. When one fails, Linux marks the data as written; the next
    /// sync then has nothing to do and succeeds, and the loss shows after a power cut. Only
    /// rewritten data is really synced again. Concurrent readers see the same bytes; nobody may
    /// write meanwhile.
    pub(super) fn write_ahead_log_again(&self) -> io::Result<()> {
        let path = beside(&self.database, "-wal");
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let mut block = vec![0; BLOCK];
        loop {
            let at = file.stream_position()?;
            let bytes = file.read(&mut block)?;
            let Some(read) = block.get(..bytes).filter(|read| !read.is_empty()) else { break };
            file.seek(SeekFrom::Start(at))?;
            file.write_all(read)?;
        }
        file.sync_all()
    }

    /// Tests whether the disk has room, by writing a file and removing it again.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn try_room(&self) -> io::Result<()> {
        let path = beside(&self.database, TRIAL_END);
        let remove = || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        remove()?;
        let written = open_private(&path).and_then(|mut file| {
            file.write_all(&vec![1; TRIAL])?;
            file.sync_all()
        });
        remove().and(written)
    }

    /// Notes in the lock file that this fact is stored. Failures are ignored.
    pub(super) fn note(&self, lineage: u64, last: u64) {
        drop(mark::note(&self.lock, lineage, last));
    }

    /// Syncs the folder, so that the names of the database's files survive a crash.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        sync_folder_of(&self.database)
    }
}

/// Returns whether the error says that the disk or a quota is full.
pub(super) fn is_for_want_of_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Returns the path of the file beside the database with this suffix.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push(end);
    path.into()
}

/// Resolves a path to one canonical name, so that two spellings of it use the same lock.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        resolved => return resolved,
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(fs::canonicalize(folder_of(path))?.join(name))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens the file for reading and writing. A new file is readable only by this user.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file that only this user may read. Fails if it exists.
pub(super) fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Syncs the folder of a path: a new name survives a crash only once its folder is synced.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}
