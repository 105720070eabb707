//! The key behind resume tokens, stored beside the orders so that sessions survive a
//! restart.
//!
//! An unusable key file is never replaced. Replacing it would end every phone's session for
//! good, though perhaps only a permission was wrong or the file has a backup.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use order_host::ResumeKey;
use tracing::{error, info};

pub(crate) const FILE: &str = "resume.key";

/// In bytes.
const LENGTH: usize = 32;

/// How often writing the key is retried.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The key in use, and the state of its file.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is in its file.
    Kept(ResumeKey),
    /// There was none, and this new one could not be written.
    Unwritten(ResumeKey, PathBuf),
    /// The file exists, but no key can be read from it. This key is only in memory.
    Temporary(ResumeKey),
}

impl Found {
    pub(crate) fn key(&self) -> &ResumeKey {
        match self {
            Self::Kept(key) | Self::Unwritten(key, _) | Self::Temporary(key) => key,
        }
    }
}

/// Reads the key in `folder`, or makes one if there is none. Logs an error if the key is
/// not in the file.
pub(crate) fn in_folder(folder: &Path) -> Found {
    let path = folder.join(FILE);
    match read(&path) {
        Ok(Some(key)) => Found::Kept(key),
        Ok(None) => make(path),
        Err(reason) => {
            error!(
                "THE RESUME KEY CANNOT BE READ from {}: {reason}. The file is left as it is, and a key in memory is used. Restore the \
                 file from a backup, or delete it so that a new one is made, and start the server again; until then guests have to \
                 join again after every start",
                path.display()
            );
            Found::Temporary(ResumeKey::random())
        }
    }
}

/// Keeps trying to write a key that could not be written when it was made.
pub(crate) async fn write_later(found: Found) {
    let Found::Unwritten(key, path) = found else { return };
    loop {
        tokio::time::sleep(TRY_AGAIN).await;
        match read(&path) {
            Ok(None) if write(&path, &key).is_ok() => {
                info!(path = %path.display(), "the resume key is written");
                return;
            }
            Ok(None) => {}
            // Somebody has put a file there. It is read at the next start.
            Ok(Some(_)) | Err(_) => return,
        }
    }
}

/// Why the key in `folder` cannot be used. `None`: it can, or there is none.
pub(crate) fn what_is_wrong_in(folder: &Path) -> Option<String> {
    read(&folder.join(FILE)).err()
}

/// Copies the key from `folder` to another that has none. Does nothing if there is no key
/// yet.
///
/// # Errors
/// When there is one that cannot be read, or the copy cannot be written.
pub(crate) fn copy(folder: &Path, to: &Path) -> Result<(), String> {
    match read(&folder.join(FILE))? {
        Some(key) => write(&to.join(FILE), &key).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// Reads a key file. `None`: there is no file.
fn read(path: &Path) -> Result<Option<ResumeKey>, String> {
    let failed = |error: io::Error| error.to_string();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // It may be a symbolic link whose target is missing at the moment.
        Ok(_) | Err(_) => {}
    }
    // Reading a device or a pipe might never end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let longest = u64::try_from(LENGTH).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).and_then(|file| file.take(longest).read_to_end(&mut bytes)).map_err(failed)?;
    match <[u8; LENGTH]>::try_from(bytes) {
        Ok([0, rest @ ..]) if rest.iter().all(|byte| *byte == 0) => {
            Err("it has only zeros, perhaps after a crash".to_owned())
        }
        Ok(bytes) => Ok(Some(ResumeKey::new(bytes))),
        Err(bytes) if bytes.len() < LENGTH => {
            Err(format!("it has {} bytes, but a key has {LENGTH}", bytes.len()))
        }
        Err(_) => Err(format!("it has more than the {LENGTH} bytes of a key")),
    }
}

fn make(path: PathBuf) -> Found {
    let key = ResumeKey::random();
    match write(&path, &key) {
        Ok(()) => Found::Kept(key),
        Err(error) => {
            error!(
                %error,
                "THE RESUME KEY CANNOT BE WRITTEN to {}, and is in memory only. Make room on the disk, or check its permissions; the \
                 server retries automatically. If it stops before that, guests have to join again",
                path.display()
            );
            Found::Unwritten(key, path)
        }
    }
}

fn write(path: &Path, key: &ResumeKey) -> io::Result<()> {
    let fresh = path.with_extension("new");
    // A leftover file may be readable by others.
    remove(&fresh)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(key.bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // A new name survives a crash only once the folder itself is synced.
        match path.parent() {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            Some(_) | None => Ok(()),
        }
    });
    if written.is_err() {
        // It may be half a key. If removing it fails, the next attempt removes it first.
        drop(remove(&fresh));
    }
    written
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_the_same_and_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let made = in_folder(folder.path());
        assert!(matches!(made, Found::Kept(_)), "{made:?}");
        let found = in_folder(folder.path());
        assert!(matches!(found, Found::Kept(_)), "{found:?}");
        assert_eq!(found.key().bytes(), made.key().bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_without_a_key_is_left_as_it_is_and_a_key_in_memory_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let whole = in_folder(folder.path());
        let whole = whole.key().bytes();
        let with_a_line_end = [&whole[..], b"\n"].concat();
        for content in [&whole[..31], &with_a_line_end, &[], &[0; 32], b"short", &[7; 1_000]] {
            fs::write(&path, content).unwrap();

            let found = in_folder(folder.path());

            assert!(matches!(found, Found::Temporary(_)), "{content:?}: {found:?}");
            assert_ne!(found.key().bytes(), whole);
            assert_eq!(fs::read(&path).unwrap(), content, "the file was changed");
            assert_ne!(in_folder(folder.path()).key().bytes(), found.key().bytes(), "guessable");
        }
        fs::write(&path, whole).unwrap();
        assert_eq!(in_folder(folder.path()).key().bytes(), whole, "restored");
        fs::remove_file(&path).unwrap();
        assert!(matches!(in_folder(folder.path()), Found::Kept(_)), "deleted: a new one is made");
        assert_eq!(fs::read(&path).unwrap().len(), LENGTH);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_read_as_a_key_and_stays() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let stays = |what: &str| {
            let found = in_folder(folder.path());
            assert!(matches!(found, Found::Temporary(_)), "{what}: {found:?}");
            fs::symlink_metadata(&path).unwrap()
        };

        fs::create_dir(&path).unwrap();
        assert!(stays("a folder").is_dir());
        fs::remove_dir(&path).unwrap();
        for target in [path.clone(), folder.path().join("not mounted"), PathBuf::from("/dev/zero")] {
            symlink(&target, &path).unwrap();
            assert!(stays("a link").is_symlink());
            fs::remove_file(&path).unwrap();
        }
        let kept = folder.path().join("kept elsewhere");
        fs::write(&kept, [9; LENGTH]).unwrap();
        symlink(&kept, &path).unwrap();
        assert_eq!(in_folder(folder.path()).key().bytes(), &[9; LENGTH], "a link to a key is one");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_may_not_be_read_is_not_made_anew() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let whole = *in_folder(folder.path()).key().bytes();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if File::open(&path).is_ok() {
            eprintln!("SKIPPED: the user who runs this (root?) may read everything");
            return;
        }
        assert!(matches!(in_folder(folder.path()), Found::Temporary(_)));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(in_folder(folder.path()).key().bytes(), &whole);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_could_not_be_written_is_written_later_and_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        // Occupies the name of the temporary file.
        let in_the_way = folder.path().join("resume.new");
        let unwritten = || {
            fs::create_dir_all(in_the_way.join("full")).unwrap();
            let found = in_folder(folder.path());
            assert!(matches!(found, Found::Unwritten(..)) && !path.exists(), "{found:?}");
            let bytes = *found.key().bytes();
            (found, bytes)
        };

        let (found, bytes) = unwritten();
        let writing = tokio::spawn(write_later(found));
        tokio::time::sleep(TRY_AGAIN * 3).await;
        assert!(!writing.is_finished() && !path.exists());
        fs::remove_dir_all(&in_the_way).unwrap();
        writing.await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);

        fs::remove_file(&path).unwrap();
        let (found, _) = unwritten();
        fs::remove_dir_all(&in_the_way).unwrap();
        fs::write(&path, "restored meanwhile").unwrap();
        write_later(found).await;
        assert_eq!(fs::read(&path).unwrap(), b"restored meanwhile");
    }
}
