//! A small file system that can be filled up. Mounting it requires root on Linux.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory. Unmounted when dropped, even if the test fails.
pub(crate) struct SmallDisk {
    path: PathBuf,
    /// Removed after unmounting.
    place: Option<TempDir>,
}

impl SmallDisk {
    /// Mounts a `tmpfs` with these options. `None`, with a loud message: mounting is not
    /// allowed.
    pub(crate) fn mount(options: &str) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mut disk = Self::mount_at(place.path(), options)?;
        disk.place = Some(place);
        Some(disk)
    }

    /// The same, over an existing folder.
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

    /// Returns the folder for a server's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Fills all free space. A second call also fills what has become free since.
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

    /// Frees the space.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Frees some of the space.
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
        // Lazily: a process of a failed test may still have files open there.
        drop(Command::new("umount").arg("-l").arg(&self.path).status());
    }
}
