//! When an order is locked or finalized by itself.

use std::time::Duration;

use crate::UnixMillis;

/// A deadline lies no further ahead than this when it is set: 31 days.
pub const MAX_DEADLINE_AHEAD: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The most reminders before one deadline.
pub const MAX_REMINDERS: usize = 5;

/// How long before a deadline somebody is reminded of it where nothing else is said, in milliseconds: ten minutes and one.
pub(crate) const ORDINARY_REMINDERS: [u64; 2] = [600_000, 60_000];

/// What becomes of an order at its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AtDeadline {
    /// Only the owner touches the dishes from then on.
    #[default]
    Lock,
    /// It is finalized; locked, if its bill cannot stand as it is.
    Finalize,
}

impl AtDeadline {
    /// The choice with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Lock, Self::Finalize].into_iter().find(|choice| choice.as_str() == name)
    }

    /// The choice's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Finalize => "finalize",
        }
    }
}

/// When an order is locked or finalized by itself, and when people are reminded of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: UnixMillis,
    /// What happens then.
    pub then: AtDeadline,
    /// How long before it people are yet to be reminded, in milliseconds; the longest first, each once.
    pub reminders: Vec<u64>,
    /// Whether it has come and done what it was for.
    pub passed: bool,
}

impl Deadline {
    /// The moment of a reminder, `before` milliseconds before the deadline.
    pub(crate) fn moment_of(&self, before: u64) -> UnixMillis {
        UnixMillis::new(self.at.get().saturating_sub(before))
    }
}
