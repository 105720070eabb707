//! The room loop of `order-host`, through the bus, without faults on the way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod backend;
mod before_join;
mod bounds;
mod clock_steps;
mod draining;
mod errors;
mod floods;
mod glances;
mod histories;
mod history;
mod joining;
mod joining_again;
mod large_tables;
mod leaving;
mod loading;
mod log_space;
mod manners;
mod paced_answers;
mod presence;
mod resume_tokens;
mod rooms;
mod sent_again;
mod sharing;
mod signed_in;
mod slow_readers;
mod slow_snapshots;
mod storage;
mod table;
mod timers;
mod unread_answers;
mod v2;
