//! A small file system of its own that can be filled up. Mounting one takes the rights of root on Linux.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory. Unmounted when dropped, whatever became of the test.
pub(crate) struct SmallDisk {
    path: PathBuf,
    /// Removed when there is nothing mounted any more.
    place: Option<TempDir>,
}

impl SmallDisk {
    /// Mounts one with these options of `tmpfs`; says so loudly and gives none where that is not allowed.
    pub(crate) fn mount(options: &str) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mut disk = Self::mount_at(place.path(), options)?;
        disk.place = Some(place);
        Some(disk)
    }

    /// The same, over a folder that there is.
    pub(crate) fn mount_at(path: &Path, options: &str) -> Option<Self> {
        let mounted = cfg!(target_os = "linux")
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(path)
                .output()
                .is_ok_and(|mounted| mounted.status.success());
        if !mounted {
            eprintln!("SKIPPED: a file system of its own: it takes root on Linux to mount one");
            return None;
        }
        Some(Self { path: path.to_owned(), place: None })
    }

    /// Where a server may have its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Takes all the room that there is, and what comes free as well when it is called again.
    pub(crate) fn fill(&self) {
        let mut filler = File::options().append(true).create(true).open(self.filler()).unwrap();
        loop {
            match filler.write_all(&[1; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives back the room that was taken.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Gives back some of it.
    pub(crate) fn free_some(&self, bytes: u64) {
        let filler = File::options().write(true).open(self.filler()).unwrap();
        let left = filler.metadata().unwrap().len() - bytes;
        filler.set_len(left).unwrap();
    }

    pub(crate) fn remount(&self, options: &str) {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{options}")]).arg(&self.path);
        assert!(command.status().unwrap().success());
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process of a test that failed may still have files open there.
        drop(Command::new("umount").arg("-l").arg(&self.path).status());
    }
}
