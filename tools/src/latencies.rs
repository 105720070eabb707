//! Histograms of latencies.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is distinguished: a minute. Longer ones count as this.
const LONGEST_MICROS: u64 = 60_000_000;

/// Latencies in microseconds.
#[derive(Debug, Clone)]
pub struct Latencies(Option<Histogram<u32>>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// Makes an empty histogram.
    pub fn new() -> Self {
        // These bounds and three digits of precision are valid, so there is always a histogram.
        Self(Histogram::new_with_max(LONGEST_MICROS, 3).ok())
    }

    /// Records one latency.
    pub fn record(&mut self, latency: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS));
        }
    }

    /// The latency at a quantile, in microseconds; 1 is the longest.
    pub fn at(&self, part: f64) -> f64 {
        let micros = self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(part));
        f64::from(u32::try_from(micros).unwrap_or(u32::MAX))
    }

    /// Adds the latencies of another thread.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(mine), Some(others)) = (&mut self.0, &other.0) {
            // Both have the same bounds, so this cannot fail.
            let _ = mine.add(others);
        }
    }
}
