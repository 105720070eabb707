//! The files of a log: who may read them, and who has them open.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::watch::Watch;
use super::{OpenError, mark};

/// A database has no pages smaller than this, in bytes. SQLite takes a shorter file for an empty one, and would
/// write over somebody's text.
const SMALLEST_PAGE: u64 = 512;

/// How much of the write-ahead log is written again at a time, in bytes.
const BLOCK: usize = 1024 * 1024;

/// How much is written to see whether there is room, in bytes: more than SQLite needs for its index of the write-ahead log.
const TRIAL: usize = 64 * 1024;

/// How the name of the file ends in which that is written.
const TRIAL_END: &str = "-trial";

/// Makes the folder, and those above it, for the eyes of this user only: orders hold phone numbers.
/// A folder that exists keeps its mode.
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

/// The database's files, held by this log alone until it is dropped.
///
/// The lock is an advisory one (`flock` on Unix) on a file of its own beside the database, for two
/// reasons: SQLite's exclusive mode would lock out this log's own readers, and closing a second handle
/// on the database file would drop the locks that SQLite holds on it. The system releases the lock when
/// the process ends, however it ends. The lock file stays: removing it would let two servers lock two
/// different files of that name.
#[derive(Debug)]
pub(super) struct HeldFiles {
    /// The database file, by a path that names it whatever the working folder is.
    pub(super) database: PathBuf,
    /// The path by which it was asked for.
    pub(super) given: PathBuf,
    /// Whether the files are still in their places.
    pub(super) watch: Watch,
    /// The operator wants to go on without what is known to be missing.
    pub(super) goes_on_without: bool,
    lock: File,
}

impl HeldFiles {
    /// Locks the database at `path` and sees to it that there is a file, if only an empty one.
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
        // Of a process that was killed while it tried whether there is room. That it stays does no harm.
        drop(fs::remove_file(beside(&database, TRIAL_END)));
        if let Err(error) = fs::metadata(&database)
            && error.kind() == io::ErrorKind::NotFound
        {
            // What is noted there is of a database that is no more.
            lock.set_len(0).map_err(failed)?;
        }
        // SQLite gives its `-wal` and `-shm` files the mode of this one.
        let opened = open_private(&database).and_then(|file| file.metadata()).map_err(failed)?;
        if (1..SMALLEST_PAGE).contains(&opened.len()) {
            return Err(OpenError::NotADatabase { path: path.to_owned() });
        }
        // SQLite would take it for a new database, and throw its write-ahead log away.
        if opened.len() == 0 && (mark::has_log(&database) || mark::has_note(&lock_path)) {
            return Err(OpenError::Emptied { path: path.to_owned() });
        }
        sync_folder_of(&database).map_err(failed)?;
        let locked = lock.metadata().map_err(lock_failed)?;
        let watch = Watch::new(path, &database, &opened, (&lock_path, &locked));
        Ok(Self { database, given: path.to_owned(), watch, goes_on_without: false, lock })
    }

    /// Writes the write-ahead log again, byte for byte as it is, and syncs it.
    ///
    /// A sync alone would not do. When one fails, Linux takes what it was for as written, and the next one has nothing to
    /// do and says that all is well; what is missing then shows after a power cut. Only what is written again is
    /// tried again. The same bytes are no news to whoever reads beside this; nobody may write meanwhile.
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

    /// Whether there is room beside the database, which is found out by writing something and removing it again.
    ///
    /// # Errors
    /// What the system said.
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

    /// Notes beside the database that this fact is safe. If that fails it is not noted.
    pub(super) fn note(&self, lineage: u64, last: u64) {
        drop(mark::note(&self.lock, lineage, last));
    }

    /// Makes the names of the database's files survive a crash.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        sync_folder_of(&self.database)
    }
}

/// Whether the system says that there is no room.
pub(super) fn is_for_want_of_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// The path of the file beside the database whose name ends so.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push(end);
    path.into()
}

/// One name for one file, so that two ways of writing its path meet at the same lock.
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

/// Opens the file for reading and writing; if it has to be made, only this user may read it.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a file that only this user may read, where there is none.
pub(super) fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A new name in a folder survives a crash only once the folder itself is synced.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}
