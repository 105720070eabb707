//! The clock, and the task that wakes rooms when their time comes.

mod alarms;
mod clock;
mod deadlines;
mod held_back;
mod steps;
mod system;
pub(crate) mod waker;

pub(crate) use alarms::Alarms;
pub use clock::Clock;
pub(crate) use deadlines::SetHere;
pub(crate) use steps::{Look, SETTLES_AFTER, StampAge, Steps};
pub use system::SystemClock;
