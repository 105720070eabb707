//! The secret by which phones come back as who they were, kept beside the orders so that it outlives a restart.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use order_host::ResumeKey;

const FILE: &str = "resume.key";

/// The key in `folder`; a new one is made where there is none.
pub(crate) fn in_folder(folder: &Path) -> io::Result<ResumeKey> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(ResumeKey::new(bytes)),
            // Cut off as it was written, or somebody else's: phones join anew.
            Err(_) => make(&path),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(error),
    }
}

fn make(path: &Path) -> io::Result<ResumeKey> {
    let key = ResumeKey::random();
    let fresh = path.with_extension("new");
    // One that was left behind may be readable by others.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(key.bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_the_same_and_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let key = in_folder(folder.path()).unwrap();
        assert_eq!(in_folder(folder.path()).unwrap().bytes(), key.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.path().join(FILE), "short").unwrap();
        assert_ne!(in_folder(folder.path()).unwrap().bytes(), key.bytes());
    }
}
