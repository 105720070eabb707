//! The machine on which the figures were measured. Without it they mean little.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How many fsyncs are timed.
const FSYNCS: usize = 50;

/// The machine, and the cost of an fsync on the durable log's disk.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor's name.
    pub processor: String,
    /// The cores to which the load is pinned, if it is.
    pub pinned: Option<String>,
    /// The load average of the minute before: how much others used the machine.
    pub load_average: String,
    /// The file system below the data folder.
    pub file_system: String,
    /// The median time of writing a few bytes and an fsync there.
    pub fsync: Duration,
}

impl Environment {
    /// Inspects the machine. `data` is where the log will be.
    ///
    /// # Errors
    /// When nothing can be written to `data`.
    pub fn look(data: &Path) -> io::Result<Self> {
        let load_average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            processor: processor().unwrap_or_else(|| "unknown processor".to_owned()),
            pinned: None,
            load_average: load_average.split(' ').next().unwrap_or("unknown").to_owned(),
            file_system: file_system(data).unwrap_or_else(|| "unknown file system".to_owned()),
            fsync: fsync(data)?,
        })
    }
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// The type and device of the nearest mount above `path`.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let above = fields.filter(|(_, place, _)| path.starts_with(place));
    above.max_by_key(|(_, place, _)| place.len()).map(|(device, _, kind)| format!("{kind} on {device}"))
}

fn fsync(folder: &Path) -> io::Result<Duration> {
    let path = folder.join("fsync-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(FSYNCS);
    for _ in 0..FSYNCS {
        let begun = Instant::now();
        file.write_all(&[b'x'; 512])?;
        file.sync_all()?;
        times.push(begun.elapsed());
    }
    drop(file);
    fs::remove_file(&path)?;
    times.sort();
    Ok(times.get(FSYNCS / 2).copied().unwrap_or_default())
}
