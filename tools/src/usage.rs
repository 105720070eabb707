//! The processor time and memory of processes and cores, from `/proc`.

use std::fs;
use std::time::Instant;

/// The unit of times in `/proc`, fixed by Linux for user space.
const TICKS_A_SECOND: f64 = 100.0;

/// A reading of the clocks of server, load and cores.
#[derive(Debug)]
pub struct Look {
    at: Instant,
    server: Option<f64>,
    load: Option<f64>,
    /// How long each core has been idle.
    idle: Vec<f64>,
}

/// Fractions of a core's time between two readings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// What the server used, without the kernel's work for sockets in interrupts.
    pub server: Option<f64>,
    /// What the load used, without the same.
    pub load: Option<f64>,
    /// The idle part of the first core; with pinning, that is the server's.
    pub first_core_idle: Option<f64>,
    /// The idle part of the other cores on average; with pinning, those are the load's.
    pub other_cores_idle: Option<f64>,
}

impl Look {
    /// Reads the clocks now.
    pub fn now(server: Option<u32>) -> Self {
        Self {
            at: Instant::now(),
            server: server.and_then(processor_seconds),
            load: processor_seconds(std::process::id()),
            idle: idle_seconds(),
        }
    }

    /// Whether it was taken before `other`.
    pub fn is_before(&self, other: Instant) -> bool {
        self.at < other
    }

    /// The usage between `self` and `later`.
    pub fn until(&self, later: &Self) -> Usage {
        let seconds = (later.at - self.at).as_secs_f64();
        let part = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / seconds);
        let idle: Vec<f64> =
            self.idle.iter().zip(&later.idle).map(|(before, after)| (after - before) / seconds).collect();
        let others = idle.get(1..).filter(|others| !others.is_empty());
        Usage {
            server: part(self.server, later.server),
            load: part(self.load, later.load),
            first_core_idle: idle.first().copied(),
            other_cores_idle: others.map(|idle| idle.iter().sum::<f64>() / f64::from(count(idle))),
        }
    }
}

fn count(cores: &[f64]) -> u32 {
    u32::try_from(cores.len()).unwrap_or(u32::MAX)
}

/// The resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> Option<u64> {
    status_kib(pid, "VmRSS:")
}

/// The value of the line of a process's status that begins with `name`, in KiB.
pub fn status_kib(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The processor time that a process has used so far.
pub fn processor_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything; user and system time are the 12th and
    // 13th fields after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|field| field.parse::<u32>().unwrap_or_default());
    Some((f64::from(times.next()?) + f64::from(times.next()?)) / TICKS_A_SECOND)
}

/// For each core, how long it has been idle so far: the fourth time of its line.
fn idle_seconds() -> Vec<f64> {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let cores = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    let idle = cores.filter_map(|line| line.split_whitespace().nth(4)?.parse::<f64>().ok());
    idle.map(|ticks| ticks / TICKS_A_SECOND).collect()
}
