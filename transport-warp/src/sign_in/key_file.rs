//! A file of keys, which may change while the server runs.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tracing::{error, info};

use super::keys::{Keys, KeysError};

/// The file is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// More than a hundred keys of any kind.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A file of keys. Whoever asks for the keys gets those of the file as it is, or was a second ago.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    keys: Arc<Keys>,
    /// How the file looked when it was read last, whatever came of that.
    look: Option<Look>,
    looked: Instant,
}

/// By which a file that was written again is told from one that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl KeyFile {
    pub(super) fn open(path: &Path) -> Result<Self, KeysError> {
        let (look, keys) = (look(path), read(path)?);
        let known = Known { keys: Arc::new(keys), look, looked: Instant::now() };
        Ok(Self { path: path.to_owned(), known: Mutex::new(known) })
    }

    /// The keys. When the file has changed it is read again here and now: it is small, and who waits for it is about to open
    /// a socket. If it cannot be used any more, the keys that there were stay.
    pub(super) fn keys(&self) -> Arc<Keys> {
        // Nothing panics while it holds the lock.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.elapsed() >= LOOK_EVERY {
            known.looked = Instant::now();
            // Before it is read: what is written meanwhile is found by the next look.
            let look = look(&self.path);
            if look != known.look {
                known.look = look;
                let file = self.path.display();
                match read(&self.path) {
                    Ok(keys) => {
                        info!(%file, keys = keys.count(), "the keys that prove tokens were read again");
                        known.keys = Arc::new(keys);
                    }
                    Err(error) => {
                        error!(%file, %error, "THE NEW FILE OF KEYS CANNOT BE USED: the keys from before stay in force");
                    }
                }
            }
        }
        Arc::clone(&known.keys)
    }
}

fn look(path: &Path) -> Option<Look> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Look { modified: metadata.modified().ok(), bytes: metadata.len() })
}

fn read(path: &Path) -> Result<Keys, KeysError> {
    let unreadable = |error: std::io::Error| KeysError::Unreadable(error.to_string());
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(KeysError::TooLarge);
    }
    Keys::read(&bytes)
}
