//! The counts and measurements of a run.

use std::time::Instant;

use tools::latencies::Latencies;

/// How often a fault occurred, and a description of the first one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// The count.
    pub(crate) times: u64,
    /// The first one, in words.
    pub(crate) first: Option<String>,
}

impl Trouble {
    /// Counts one more.
    pub(crate) fn note(&mut self, words: impl FnOnce() -> String) {
        self.times += 1;
        if self.first.is_none() {
            self.first = Some(words());
        }
    }

    fn merge(&mut self, other: Self) {
        self.times += other.times;
        self.first = self.first.take().or(other.first);
    }
}

/// Everything that the participants of one thread counted and measured; merged, that of all
/// threads.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    /// Commands whose echo reached their sender while measuring.
    pub(crate) commands: u64,
    /// Broadcasts of commands that reached a participant while measuring.
    pub(crate) deliveries: u64,
    /// The payload bytes of those.
    pub(crate) delivered_bytes: u64,
    /// All bytes read from the sockets while measuring.
    pub(crate) bytes: u64,
    /// The time from sending a command to receiving its echo.
    pub(crate) echo: Latencies,
    /// The time from sending a command to the arrival of its broadcast at the last participant
    /// of the room.
    pub(crate) last: Latencies,
    /// When the first participant had joined.
    pub(crate) first_join: Option<Instant>,
    /// When the last measured echo arrived.
    pub(crate) last_echo: Option<Instant>,
    /// The highest number of commands of one room in flight at any moment while measuring.
    pub(crate) most_in_flight: u64,
    /// The commands of the participant who sent the fewest.
    pub(crate) fewest_sent: u64,
    /// The commands of the participant who sent the most.
    pub(crate) most_sent: u64,
    /// Deliveries that never arrived.
    pub(crate) lost: u64,
    /// Deliveries that arrived twice.
    pub(crate) doubled: u64,
    /// Broadcasts without a command that caused them.
    pub(crate) strange: u64,
    /// Rooms whose participants disagree, or whose order is not what was ordered.
    pub(crate) disagreements: Trouble,
    /// Commands that the server refused.
    pub(crate) refusals: Trouble,
    /// Sockets that ended before they were closed.
    pub(crate) closed: Trouble,
    /// Messages that could not be read.
    pub(crate) unreadable: Trouble,
    /// How often the server sent the whole order again to a slow participant; what it skipped
    /// counts as lost.
    pub(crate) resyncs: u64,
}

impl Figures {
    /// Makes empty figures.
    pub(crate) fn new() -> Self {
        Self {
            commands: 0,
            deliveries: 0,
            delivered_bytes: 0,
            bytes: 0,
            echo: Latencies::new(),
            last: Latencies::new(),
            first_join: None,
            last_echo: None,
            most_in_flight: 0,
            fewest_sent: u64::MAX,
            most_sent: 0,
            lost: 0,
            doubled: 0,
            strange: 0,
            disagreements: Trouble::default(),
            refusals: Trouble::default(),
            closed: Trouble::default(),
            unreadable: Trouble::default(),
            resyncs: 0,
        }
    }

    /// Adds the figures of another thread.
    pub(crate) fn merge(&mut self, other: Self) {
        self.commands += other.commands;
        self.deliveries += other.deliveries;
        self.delivered_bytes += other.delivered_bytes;
        self.bytes += other.bytes;
        self.echo.merge(&other.echo);
        self.last.merge(&other.last);
        self.first_join = [self.first_join, other.first_join].into_iter().flatten().min();
        self.last_echo = self.last_echo.max(other.last_echo);
        self.most_in_flight = self.most_in_flight.max(other.most_in_flight);
        self.fewest_sent = self.fewest_sent.min(other.fewest_sent);
        self.most_sent = self.most_sent.max(other.most_sent);
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.strange += other.strange;
        self.disagreements.merge(other.disagreements);
        self.refusals.merge(other.refusals);
        self.closed.merge(other.closed);
        self.unreadable.merge(other.unreadable);
        self.resyncs += other.resyncs;
    }

    /// The faults, in words; empty if there are none.
    pub(crate) fn faults(&self) -> Vec<String> {
        let counted = [
            ("deliveries lost", self.lost),
            ("deliveries doubled", self.doubled),
            ("broadcasts that no command caused", self.strange),
            ("full states resent instead of what they left out (counted as lost)", self.resyncs),
        ];
        let told = [
            ("rooms that do not agree", &self.disagreements),
            ("commands refused", &self.refusals),
            ("sockets closed", &self.closed),
            ("messages unreadable", &self.unreadable),
        ];
        let counted = counted
            .into_iter()
            .filter(|(_, times)| *times > 0)
            .map(|(what, times)| format!("{times} {what}"));
        let told = told.into_iter().filter(|(_, trouble)| trouble.times > 0).map(|(what, trouble)| {
            format!("{} {what}, the first: {}", trouble.times, trouble.first.as_deref().unwrap_or_default())
        });
        counted.chain(told).collect()
    }
}
