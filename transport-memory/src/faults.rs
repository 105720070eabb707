//! What goes wrong, and how often.

use std::time::Duration;

/// What goes wrong between clients, host and storage. Chances are out of a thousand; nothing goes wrong by
/// default. Where there is chance there is a seed: see [`Simulation`](crate::Simulation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// What happens to messages from clients.
    pub to_server: LinkFaults,
    /// What happens to messages to clients.
    pub to_client: LinkFaults,
    /// What happens to what the host stores and reads.
    pub log: LogFaults,
}

/// What happens to messages on their way. A socket can do no more than delay them and break; the other faults are
/// those of whatever stands before it, such as a client that sends again, or a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkFaults {
    /// How many of a thousand messages never arrive.
    pub drop: u16,
    /// How many of a thousand messages arrive twice.
    pub duplicate: u16,
    /// How many of a thousand messages are overtaken by the next. They are lost if none comes.
    pub reorder: u16,
    /// How many of a thousand messages are late. Those after them wait.
    pub delay: u16,
    /// The longest that a message is late.
    pub max_delay: Duration,
    /// How many of a thousand messages find the connection cut. What is on its way, in both directions, is
    /// lost with it.
    pub disconnect: u16,
}

/// What happens to what the host stores and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogFaults {
    /// How many of a thousand appends fail, each in one of the ways of [`AppendFault`]. Snapshots fail to be
    /// saved as often.
    pub failing_append: u16,
    /// How many of a thousand reads fail.
    pub failing_read: u16,
    /// The longest that an append takes.
    pub max_append_time: Duration,
    /// How long a read takes.
    pub read_time: Duration,
}

/// How an append fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendFault {
    /// Nothing is stored, and the log says so.
    Failed,
    /// Nothing is stored, but the log cannot tell.
    UnknownNotStored,
    /// Everything is stored, but the log cannot tell.
    UnknownStored,
}

impl Faults {
    /// A bad day: messages are lost, doubled, late and cut off, and the storage fails now and then.
    pub fn stormy() -> Self {
        let link = LinkFaults {
            drop: 20,
            duplicate: 20,
            reorder: 0,
            delay: 200,
            max_delay: Duration::from_millis(500),
            disconnect: 10,
        };
        let log = LogFaults {
            failing_append: 60,
            failing_read: 20,
            max_append_time: Duration::from_millis(20),
            ..LogFaults::default()
        };
        Self { to_server: link, to_client: link, log }
    }
}
