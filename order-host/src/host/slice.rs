//! Cuts long work into short slices, so that other tasks run in between.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::Instant;

/// After so long others have their turn.
const LONGEST: Duration = Duration::from_millis(1);

/// A part of some long work.
#[derive(Debug)]
pub(crate) struct Slice(Instant);

impl Slice {
    /// Begins to work.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// How long it has been.
    pub(crate) fn end(&self) -> Duration {
        self.0.elapsed()
    }

    /// Lets others have their turn, if it has been long, and begins another; how long the one that ended was.
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
