//! A file of keys that may change while the server runs.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{error, info};

use super::keys::Keys;
use super::keys_error::KeysError;
use super::secret;

/// The shortest interval between two checks of the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Enough for more than a hundred keys of any kind.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// A set of keys, or a public key.
    Keys,
    /// A shared secret alone.
    Secret,
}

impl Holds {
    fn read(self, file: &[u8]) -> Result<Keys, KeysError> {
        match self {
            Self::Keys => Keys::read(file),
            Self::Secret => Keys::of_secret(secret::of_file(file)?),
        }
    }
}

/// A file of keys. Its keys are those of the file now, or up to a second ago.
pub(super) struct KeyFile {
    path: PathBuf,
    holds: Holds,
    known: Mutex<Known>,
}

struct Known {
    keys: Arc<Keys>,
    /// The content of the file when it was last read, usable or not. Size and time would not
    /// reveal every change.
    content: Result<Vec<u8>, KeysError>,
    looked: Instant,
}

impl KeyFile {
    pub(super) fn open(path: &Path, holds: Holds) -> Result<Self, KeysError> {
        let content = read_file(path)?;
        let keys = Arc::new(holds.read(&content)?);
        let known = Known { keys, content: Ok(content), looked: Instant::now() };
        Ok(Self { path: path.to_owned(), holds, known: Mutex::new(known) })
    }

    /// Returns the keys. The file is read again synchronously, at most once a second: it is
    /// small, and the caller is about to open a socket. If it becomes unusable, the earlier
    /// keys stay.
    pub(super) fn keys(&self) -> Arc<Keys> {
        // Nothing panics while it holds the lock.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.elapsed() >= LOOK_EVERY {
            known.look(&self.path, self.holds);
            // After reading, which takes long on a slow disk.
            known.looked = Instant::now();
        }
        Arc::clone(&known.keys)
    }
}

impl Known {
    fn look(&mut self, path: &Path, holds: Holds) {
        let content = read_file(path);
        if content == self.content {
            return;
        }
        let keys = content.as_ref().map_err(Clone::clone).and_then(|content| holds.read(content));
        let keys = keys.and_then(|keys| keys.may_follow(&self.keys).map(|()| keys));
        let file = path.display();
        match keys {
            Ok(keys) => {
                info!(%file, keys = keys.count(), "the keys for tokens were reloaded");
                self.keys = Arc::new(keys);
            }
            Err(error) => {
                error!(%file, %error, "THE CHANGED KEY FILE CANNOT BE USED: the previous keys stay in force");
            }
        }
        self.content = content;
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("path", &self.path)
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}

/// Reads a regular file of limited size. Anything else is refused without blocking.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, KeysError> {
    let unreadable = |error: io::Error| KeysError::Unreadable(error.to_string());
    let file = open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(KeysError::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(KeysError::TooLarge) } else { Ok(bytes) }
}

/// Opens a file. A pipe without a writer does not block it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}
