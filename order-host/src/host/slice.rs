//! Cuts long work into short slices, so that other tasks run in between.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::Instant;

/// How long a slice may be.
const LONGEST: Duration = Duration::from_millis(1);

/// One slice of some long work.
#[derive(Debug)]
pub(crate) struct Slice(Instant);

impl Slice {
    /// Begins a slice.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Returns how long the slice has taken so far.
    pub(crate) fn end(&self) -> Duration {
        self.0.elapsed()
    }

    /// Yields to other tasks if the slice was long, and begins the next. Returns how long the
    /// ended slice was, or zero.
    pub(crate) async fn end_if_long(&mut self) -> Duration {
        let worked = self.0.elapsed();
        if worked < LONGEST {
            return Duration::ZERO;
        }
        yield_now().await;
        self.0 = Instant::now();
        worked
    }
}
