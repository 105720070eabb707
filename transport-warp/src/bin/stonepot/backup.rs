//! `stonepot backup`: a copy of the data, whole and verified.

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
    #[error("{} is there already, and no backup is written over: name a new folder", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} is there: another backup is being made, or one was interrupted; remove it if none is running", .0.display()
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
        "the copy is damaged, and so is what it was copied from: {} holds it as it is, and is no backup", .0.display()
    )]
    Damaged(PathBuf),
}

/// Makes the backup.
pub(crate) fn run(backup: &Backup) -> Result<(), BackupError> {
    let target = &backup.target;
    let failed = |source| BackupError::Write { path: target.clone(), source };
    // A name of its own, not `.` or `..`, to which something can be added.
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
            // What is left of it is named so that nobody takes it for a backup.
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
    // The backup is there, whoever hears of it.
    drop(said);
    Ok(())
}

/// Copies everything that belongs to the data, and says what is wrong with the copy.
fn copy(data: &Path, to: &Path) -> Result<(Audited, u64), BackupError> {
    // First, so that it is not younger than the orders: the server makes it once, after its first start.
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

/// Makes the names in a folder survive a crash.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
