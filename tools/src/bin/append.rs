//! How many facts a second the SQLite log takes, beside what a bare sync of the same disk costs.

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use order_host::RoomKey;
use order_host::log::{AppendError, RoomLog, SqliteLog};
use tokio::task::JoinSet;

/// How long each line of the table is measured.
const MEASURED: Duration = Duration::from_secs(2);

/// The approximate size of an added dish in its stored form.
const FACT_BYTES: usize = 300;

/// The numbers of rooms. Each room has one append in flight, as a room's task does.
const ROOMS: [usize; 3] = [1, 50, 200];

const EXAMPLE: &str = "\
Example:
  cargo tool append -- /srv

It takes eight seconds.";

/// Measures how many facts a second the SQLite log takes, beside what a bare sync of the same disk costs.
#[derive(Parser)]
#[command(name = "append", version, after_help = EXAMPLE)]
struct Options {
    /// A folder on the disk to measure, in which files are made and removed [default: the one for temporary files, which may be memory].
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let parent = Options::parse().folder.unwrap_or_else(env::temp_dir);
    let folder = tempfile::tempdir_in(parent)?;

    let bare = folder.path().join("bare");
    for (what, growing) in [("append to a file", true), ("write over a file", false)] {
        let (count, mean) = bare_syncs(&bare, growing)?;
        println!("{what}, 4 KiB, and fsync: {:.0} µs each ({count} of them)", mean.as_secs_f64() * 1e6);
    }
    println!();

    println!("rooms  appends/s  appends/commit  p50 ms  p99 ms");
    for rooms in ROOMS {
        let log = Arc::new(SqliteLog::open_in(&folder.path().join(rooms.to_string()))?);
        let started = Instant::now();
        let mut waits = appended(&log, rooms).await?;
        let seconds = started.elapsed().as_secs_f64();
        waits.sort_unstable();
        let (appends, commits) = (as_float(waits.len()), as_float(log.commits()));
        println!(
            "{rooms:>5}  {:>9.0}  {:>14.1}  {:>6.2}  {:>6.2}",
            appends / seconds,
            appends / commits,
            milliseconds_at(&waits, 50),
            milliseconds_at(&waits, 99)
        );
    }
    Ok(())
}

/// Returns the latency of each append of all rooms.
async fn appended(log: &Arc<SqliteLog>, rooms: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..rooms {
        let log = Arc::clone(log);
        let room = RoomKey::new("main", &format!("room-{number}"))?;
        tasks.spawn(async move {
            let mut waits = Vec::new();
            let mut last = 0;
            while started.elapsed() < MEASURED {
                let asked = Instant::now();
                last = log.append(&room, last, vec![vec![b'x'; FACT_BYTES].into()]).await?;
                waits.push(asked.elapsed());
            }
            Ok::<_, AppendError>(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task??);
    }
    Ok(waits)
}

/// Returns how many syncs were made, and the mean time of one. The log does both kinds: its
/// write-ahead log grows until the first checkpoint, and is overwritten from then on.
fn bare_syncs(path: &Path, growing: bool) -> Result<(u32, Duration), Box<dyn Error>> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(growing).open(path)?;
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < MEASURED / 2 {
        if !growing {
            file.rewind()?;
        }
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        count += 1;
    }
    Ok((count, started.elapsed() / count))
}

fn milliseconds_at(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn as_float(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or_default() as f64
}
