//! The room loop of `order-host`, through the bus, without faults in transit.
//!
//! Each folder has the name of the folder of `order-host/src` whose behaviour it tests. A new file is named here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

/// One socket: joining, coming back, the order of answers.
mod connection {
    mod before_join;
    mod errors;
    mod joining;
    mod joining_again;
    mod proof;
    mod resume_tokens;
    mod seats;
    mod sent_again;
    mod signed_in;
    mod slow_readers;
    mod unread_answers;
    mod v2;
}

/// What happened before: the history that guests read, and the cursors with which clients come back.
mod history {
    mod cursors;
    mod glances;
    mod pages;
}

/// Many rooms: loading them, closing them, shutting down.
mod host {
    mod draining;
    mod loading;
    mod rooms;
}

/// Rate limits, and how much one order or person may store.
mod limits {
    mod bounds;
    mod floods;
    mod log_space;
    mod paced_answers;
}

/// The log behind the rooms: failing writes, snapshots.
mod log {
    mod slow_snapshots;
    mod storage;
}

/// One room: its guests, its back end, its timers.
mod room {
    mod backend;
    mod clock_steps;
    mod large_tables;
    mod leaving;
    mod manners;
    mod presence;
    mod sharing;
    mod timers;
}

/// What the tests of several topics share. Nothing here is a test.
mod support {
    pub(crate) mod table;
}
