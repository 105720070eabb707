//! The outcome of a room.

use std::fmt;

use order_host::log::StoredFact;

/// The properties that hold in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oracle {
    /// The log replays, and its times do not run backwards.
    LogReplays,
    /// Every acknowledged command is in the log once, at the acknowledged place.
    AckedIsStored,
    /// A refused command is not executed while the room that refused it is in memory.
    RefusedIsNot,
    /// No command of one participant is in the log twice.
    OnceEach,
    /// Nobody is shown anything that differs from the log, byte for byte.
    ShownIsStored,
    /// On one connection everything comes in order, without gaps or duplicates.
    NoGap,
    /// In the end every connected client has the state of the log.
    Agreement,
    /// Scheduled changes happen when they are due.
    OnTime,
    /// Shares, lines and payments add up.
    Money,
    /// Once all faults are over, every command is answered.
    Answered,
    /// Every message conforms to the protocol.
    Protocol,
}

/// A violation of one of the properties.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) oracle: Oracle,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.oracle, self.what)
    }
}

macro_rules! happenings {
    ($($name:ident = $text:literal,)*) => {
        /// The events that are counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Happening { $($name,)* }

        const NAMES: &[&str] = &[$($text,)*];
    };
}

happenings! {
    Fact = "facts stored",
    Crash = "crashes",
    Drain = "graceful restarts",
    Restored = "older backups put back",
    Lost = "facts lost by that",
    Forked = "logs that went on otherwise",
    OtherHistory = "came back with what is of another history",
    Load = "rooms loaded",
    ClockJump = "clock jumps",
    CutOff = "connections lost",
    Connected = "connections opened",
    SecondConnection = "second connections at once",
    Resumed = "came back to what was missed",
    ResumedWithState = "came back to the full state",
    FellBehind = "fell behind and got the full state",
    Event = "events folded",
    Frame = "messages of the first protocol read",
    SentAgain = "commands sent again",
    SentThoughAnswered = "commands sent again though answered",
    JoinedThoughAnswered = "joins sent again though answered",
    Repeated = "answers that it happened before",
    Refused = "refusals",
    RefusalHeld = "refusals that the log was held against",
    StorageFailed = "refusals because of the storage",
    JoinFirst = "refusals of strangers",
    ChecksumCompared = "checksums compared by clients",
    Finalized = "orders finalized",
    Paid = "payments",
    Shared = "dishes shared",
    Charged = "charges set",
    Left = "people who left",
    Removed = "people to be removed",
    Locked = "locks",
    Ready = "marks of readiness",
    ByTheClock = "things that happened by themselves",
}

/// The number of each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Happenings([u64; NAMES.len()]);

impl Default for Happenings {
    fn default() -> Self {
        Self([0; NAMES.len()])
    }
}

impl Happenings {
    pub(crate) fn count(&mut self, what: Happening, times: u64) {
        self.0[what as usize] += times;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NAMES.iter().copied().zip(self.0)
    }
}

/// The outcome of a room.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many commands the room executed, refused, or recognized as repeated.
    pub(crate) commands: u64,
    pub(crate) happenings: Happenings,
    /// The first violation.
    pub(crate) violation: Option<Violation>,
    /// Everything that was sent and received, if it was wanted.
    pub(crate) transcript: String,
    /// Every stored fact, in its stored form.
    pub(crate) log: Vec<StoredFact>,
}
