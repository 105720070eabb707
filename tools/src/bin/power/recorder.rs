//! Runs a life, and records everything that it does to its folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::Outcome;
use crate::disk::Files;
use crate::life::{self, Mode};
use crate::record::{self, Event};

/// Most killed lives are killed before this event.
const OFTEN_KILLED_BY: u64 = 2_500;

/// Records lives in a folder.
pub(crate) struct Recorder {
    library: PathBuf,
    place: PathBuf,
}

impl Recorder {
    /// Compiles the recorder in `place`.
    ///
    /// # Errors
    /// When there is no C compiler, which compiling SQLite also needs.
    pub(crate) fn new(place: &Path) -> Outcome<Self> {
        fs::create_dir_all(place.join("data"))?;
        let (source, library) = (place.join("recorder.c"), place.join("recorder.so"));
        fs::write(&source, include_str!("recorder.c"))?;
        let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let status = Command::new(&compiler)
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-lpthread")
            .status()
            .map_err(|error| format!("cannot run {compiler}: {error}"))?;
        if !status.success() {
            return Err(format!("{compiler} cannot compile the recorder").into());
        }
        Ok(Self { library, place: fs::canonicalize(place)? })
    }

    /// Returns the data folder of the lives.
    pub(crate) fn folder(&self) -> PathBuf {
        self.place.join("data")
    }

    /// Runs one life, and returns its events, which follow `before` earlier ones. Most lives
    /// are killed at a random moment.
    pub(crate) fn record(&self, mode: Mode, seed: u64, before: usize) -> Outcome<Vec<Event>> {
        let mut dice = StdRng::seed_from_u64(seed);
        let record = self.place.join("record");
        let fails = self.place.join("fails");
        for file in [&record, &fails] {
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        let mut child = Command::new(env::current_exe()?);
        if cfg!(test) {
            child.args(["--exact", "tests::a_life", "--ignored", "--nocapture", "--test-threads=1"]);
        }
        child
            .env("LD_PRELOAD", &self.library)
            .env("DISK_FOLDER", self.folder())
            .env("DISK_RECORD", &record)
            .env("DISK_MARKS", self.place.join("marks"))
            .env("DISK_FAILS", &fails)
            .env("DISK_SYNC_US", dice.random_range(0..800_u64).to_string())
            .env(life::MODE, mode.name())
            .env(life::SEED, seed.to_string());
        let is_killed = mode != Mode::Outage && dice.random_bool(0.8);
        if is_killed {
            child.env("DISK_KILL_AT", dice.random_range(1..OFTEN_KILLED_BY).to_string());
        }
        let ended = child.stdin(Stdio::null()).output()?;
        // No exit code means a signal: the planned kill.
        if ended.status.code().is_some_and(|code| code != 0) {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(format!("a life ended with {}: {said}", ended.status).into());
        }
        record::read(&fs::read(&record)?, before)
    }

    /// Returns the files as the life left them.
    pub(crate) fn left(&self) -> Outcome<Files> {
        let mut files = Files::new();
        for entry in fs::read_dir(self.folder())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // The recorder ignores them too.
            if !name.ends_with("-shm") && !name.ends_with("-lock") {
                files.insert(name, fs::read(entry.path())?);
            }
        }
        Ok(files)
    }
}
