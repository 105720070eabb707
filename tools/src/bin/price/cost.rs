//! What a server uses during a measurement, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::table::{Column, bytes};
use tools::child::Served;
use tools::usage::{processor_seconds, resident_kib, status_kib};

/// A reading before a measurement.
#[derive(Debug)]
pub(crate) struct Before {
    pid: u32,
    at: Instant,
    processor: f64,
    resident_kib: u64,
    /// The processor seconds a second that the quiet guest costs.
    quiet: f64,
}

/// How long the quiet guest runs alone, to measure its cost.
const ALONE: Duration = Duration::from_secs(1);

/// What the server used since the reading.
#[derive(Debug)]
pub(crate) struct Cost {
    /// How long it took.
    pub(crate) time: Duration,
    processor: f64,
    quiet: f64,
    grown_kib: u64,
}

impl Before {
    /// Takes a reading after the quiet guest has run alone for a while.
    pub(crate) async fn look(served: &Served) -> Self {
        let pid = served.pid();
        let (begun, before) = (Instant::now(), processor_seconds(pid).unwrap_or_default());
        sleep(ALONE).await;
        let quiet = (processor_seconds(pid).unwrap_or_default() - before) / begun.elapsed().as_secs_f64();
        // Resets the peak of memory to now. Where that is not permitted, the peak is that since the
        // start.
        let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        Self {
            pid,
            at: Instant::now(),
            processor: processor_seconds(pid).unwrap_or_default(),
            resident_kib: resident_kib(pid).unwrap_or_default(),
            quiet,
        }
    }

    /// What was used up to now.
    pub(crate) fn cost(&self) -> Cost {
        let peak = status_kib(self.pid, "VmHWM:").unwrap_or_default();
        Cost {
            time: self.at.elapsed(),
            quiet: self.quiet,
            processor: processor_seconds(self.pid).unwrap_or_default() - self.processor,
            grown_kib: peak.saturating_sub(self.resident_kib),
        }
    }
}

impl Cost {
    /// Adds it to a column.
    pub(crate) fn add_to(&self, column: &mut Column) {
        let seconds = self.time.as_secs_f64().max(0.001);
        column.add("it took", format!("{:.2} s", self.time.as_secs_f64()));
        // Linux counts in hundredths of a second, so the difference may be slightly negative.
        let processor = (self.processor - self.quiet * seconds).max(0.0);
        let part = processor / seconds * 100.0;
        column.add("processor, without the quiet guest", format!("{processor:.2} s ({part:.0} % of a core)"));
        column.add("memory, at the most", format!("+{}", bytes(self.grown_kib * 1024)));
    }
}
