//! The faults that can be injected, and their rates.

use std::time::Duration;

/// The faults between clients, host and storage. Rates are per thousand; by default there
/// are no faults. Chance follows from a seed: see [`Simulation`](crate::Simulation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Faults of messages from clients.
    pub to_server: LinkFaults,
    /// Faults of messages to clients.
    pub to_client: LinkFaults,
    /// Faults of the host's log.
    pub log: LogFaults,
}

/// Faults of messages in one direction. A real socket only delays messages or breaks; the
/// other faults model what is in front of it, such as a client that sends again, or a
/// proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkFaults {
    /// How many of a thousand messages are lost.
    pub drop: u16,
    /// How many of a thousand messages arrive twice.
    pub duplicate: u16,
    /// How many of a thousand messages are overtaken by the next one. They are lost if none
    /// follows.
    pub reorder: u16,
    /// How many of a thousand messages are delayed. Later messages wait for them.
    pub delay: u16,
    /// The longest delay of a message.
    pub max_delay: Duration,
    /// How many of a thousand messages cut the connection. Everything in flight, in both
    /// directions, is lost then.
    pub disconnect: u16,
}

/// Faults of the host's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogFaults {
    /// How many of a thousand appends fail, each in one of the ways of [`AppendFault`]. Saving
    /// snapshots and alarms fails as often.
    pub failing_append: u16,
    /// How many of a thousand reads fail.
    pub failing_read: u16,
    /// The longest time that an append takes.
    pub max_append_time: Duration,
    /// How long a read takes.
    pub read_time: Duration,
}

/// The way an append fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendFault {
    /// Nothing is stored, and the log says so.
    Failed,
    /// Nothing is stored, but the log does not know.
    UnknownNotStored,
    /// Everything is stored, but the log does not know.
    UnknownStored,
}

impl Faults {
    /// Returns the faults of a bad day: messages are lost, duplicated, delayed and cut off, and
    /// the storage fails now and then.
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
