//! One life of the program under test: rooms over a log in a folder, and guests who order
//! until the process is killed or they are done.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use order_host::log::{RoomLog as _, Snapshot, SqliteLog};
use order_host::{Host, RoomKey, Settings};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Outcome;
use crate::marks::{Mark, Marks};
use crate::outage;
use crate::phone::Phone;
use crate::watched::Watched;

/// Tables, and guests at each.
pub(crate) const ROOMS: u64 = 6;
const PEOPLE: u64 = 3;

/// A limit that no life reaches.
const LONGEST: Duration = Duration::from_secs(300);

/// Large enough that about forty of them fill the write-ahead log more than twice.
const LARGE_SNAPSHOT: usize = 400 * 1024;

/// The kind of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Only orders.
    Plain,
    /// Also large snapshots, which are not synced and soon fill the write-ahead log.
    Large,
    /// The disk fails to sync from time to time.
    Failing,
    /// One guest, and an outage during which every sync fails until the guest has been told.
    Outage,
    /// The log acknowledges facts before they are stored.
    Hasty,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Large => "large",
            Self::Failing => "failing",
            Self::Outage => "outage",
            Self::Hasty => "hasty",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Plain, Self::Large, Self::Failing, Self::Outage, Self::Hasty];
        all.into_iter().find(|mode| mode.name() == name)
    }
}

/// If this variable is set, the process is a life and not the check.
pub(crate) const MODE: &str = "STONEPOT_LIFE";
pub(crate) const SEED: &str = "STONEPOT_LIFE_SEED";

/// Runs a life, if this process is one.
pub(crate) fn live() -> Outcome<()> {
    let variable = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
    let mode = Mode::named(&variable(MODE)?).ok_or("no such life")?;
    let seed: u64 = variable(SEED)?.parse()?;
    let folder = PathBuf::from(variable("DISK_FOLDER")?);
    let marks = Marks::open(Path::new(&variable("DISK_MARKS")?))?;
    let fails = PathBuf::from(variable("DISK_FAILS")?);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async move {
        timeout(LONGEST, run(mode, seed, &folder, marks, &fails)).await.map_err(|_| "it lived too long")?
    })
}

async fn run(mode: Mode, seed: u64, folder: &Path, marks: Marks, fails: &Path) -> Outcome<()> {
    let log = Arc::new(SqliteLog::open_in(folder)?);
    marks.leave(&Mark::Open);
    let watched = Watched::new(Arc::clone(&log), marks.clone(), mode == Mode::Hasty);
    let mut settings = Settings::default();
    // Rooms are unloaded and loaded often, with their snapshots.
    settings.idle_unload = Duration::from_millis(10);
    let host = Host::new(Arc::new(watched), settings);
    if mode == Mode::Outage {
        let phone = Phone::new(host.clone(), RoomKey::new("main", "table-0")?, marks, seed, 0);
        outage::live_through(phone, &host, fails).await?;
        host.drain().await;
        return Ok(());
    }
    let mut people = JoinSet::new();
    for number in 0..ROOMS * PEOPLE {
        let room = RoomKey::new("main", &format!("table-{}", number / PEOPLE))?;
        let phone = Phone::new(host.clone(), room, marks.clone(), seed, number);
        people.spawn(phone.order());
    }
    let trouble = match mode {
        Mode::Plain | Mode::Outage | Mode::Hasty => None,
        Mode::Large => Some(tokio::spawn(save_large_snapshots(Arc::clone(&log)))),
        Mode::Failing => Some(tokio::spawn(fail_now_and_then(fails.to_owned(), seed))),
    };
    while let Some(phone) = people.join_next().await {
        phone?;
    }
    if let Some(trouble) = trouble {
        trouble.abort();
        drop(fs::remove_file(fails));
    }
    host.drain().await;
    drop(host);
    Ok(())
}

async fn save_large_snapshots(log: Arc<SqliteLog>) {
    let Ok(room) = RoomKey::new("main", "archive") else { return };
    for seq in 0.. {
        // A snapshot is only a cache, so a failure does not matter here.
        drop(log.save_snapshot(&room, Snapshot { seq, state: vec![7; LARGE_SNAPSHOT] }).await);
        sleep(Duration::from_millis(2)).await;
    }
}

async fn fail_now_and_then(fails: PathBuf, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    loop {
        sleep(Duration::from_millis(dice.random_range(5..40))).await;
        drop(fs::write(&fails, ""));
        sleep(Duration::from_millis(dice.random_range(1..25))).await;
        drop(fs::remove_file(&fails));
    }
}
