//! `stonepot backup`: makes a verified copy of the data.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use order_host::log::OpenError;
use order_host::log::sqlite::{Audited, copy_out_of};
use thiserror::Error;

use crate::arguments::Backup;
use crate::resume_key;
use crate::verify::{self, VerifyError};

/// Why there is no backup.
#[derive(Debug, Error)]
pub(crate) enum BackupError {
    #[error("{} already exists, and a backup never overwrites: name a new folder", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} exists: another backup is running, or one was interrupted; remove it if none is running", .0.display()
    )]
    Unfinished(PathBuf),
    #[error("cannot make the backup in {}: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot copy resume.key: {0}; restore it or remove it first")]
    Key(String),
    #[error("no backup was made: {0}")]
    Log(#[from] OpenError),
    #[error("no backup was made: {0}")]
    Verify(#[from] VerifyError),
    #[error(
        "the copy is damaged, and so is its source: {} keeps the copy as it is; do not use it as a backup", .0.display()
    )]
    Damaged(PathBuf),
}

/// Makes the backup.
pub(crate) fn run(backup: &Backup) -> Result<(), BackupError> {
    let target = &backup.target;
    let failed = |source| BackupError::Write { path: target.clone(), source };
    // The target needs a name, not `.` or `..`, to which a suffix can be added.
    let name = target.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let named = |end: &str| {
        let mut named = OsString::from(name);
        named.push(end);
        target.with_file_name(named)
    };
    let (unfinished, damaged) = (named(".unfinished"), named(".damaged"));
    for there in [target, &damaged] {
        if is_there(there) {
            return Err(BackupError::Exists(there.clone()));
        }
    }
    if is_there(&unfinished) {
        return Err(BackupError::Unfinished(unfinished));
    }
    make_private(&unfinished).map_err(failed)?;
    let copied = copy(&backup.data, &unfinished);
    let (audited, wrong) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // If it cannot be removed, its name shows that it is no backup.
            drop(fs::remove_dir_all(&unfinished));
            return Err(error);
        }
    };
    let last = if wrong == 0 { target } else { &damaged };
    if is_there(last) {
        return Err(BackupError::Exists(last.clone()));
    }
    sync(&unfinished).map_err(failed)?;
    fs::rename(&unfinished, last).map_err(failed)?;
    sync(folder_of(last)).map_err(failed)?;
    if wrong > 0 {
        return Err(BackupError::Damaged(damaged));
    }
    let Audited { rooms, facts, bytes, .. } = audited;
    let said = writeln!(
        io::stdout(),
        "{} holds {rooms} rooms, {facts} facts, {bytes} bytes, and was verified. It holds secrets: keep it as safe as the data.",
        target.display()
    );
    // The backup is complete, even if the message could not be printed.
    drop(said);
    Ok(())
}

/// Copies all files of the data, and reports what is wrong with the copy.
fn copy(data: &Path, to: &Path) -> Result<(Audited, u64), BackupError> {
    // First, so that the key is not newer than the orders: the server makes it once, after its
    // first start.
    resume_key::copy(data, to).map_err(BackupError::Key)?;
    copy_out_of(data, to)?;
    Ok(verify::say_what_is_wrong_in(to, &mut io::stderr().lock())?)
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs a folder, so that the names in it survive a crash.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
