//! Deadlines: when an order is locked or finalized automatically.

use std::time::Duration;

use crate::UnixMillis;

/// How far ahead a deadline may be set: 31 days.
pub const MAX_DEADLINE_AHEAD: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The maximum number of reminders before one deadline.
pub const MAX_REMINDERS: usize = 5;

/// The default reminders, in milliseconds before the deadline: ten minutes and one minute.
pub(crate) const ORDINARY_REMINDERS: [u64; 2] = [600_000, 60_000];

/// What happens to an order at its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AtDeadline {
    /// The order is locked: only the owner may change dishes.
    #[default]
    Lock,
    /// The order is finalized, or locked if its bill cannot be finalized.
    Finalize,
}

impl AtDeadline {
    /// Finds the choice with this name in the protocol.
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

/// When an order is locked or finalized automatically, and when people are reminded of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The time of the deadline.
    pub at: UnixMillis,
    /// What happens then.
    pub then: AtDeadline,
    /// The reminders still to come, in milliseconds before the deadline: longest first, each once.
    pub reminders: Vec<u64>,
    /// Whether it has passed and taken effect.
    pub passed: bool,
}

impl Deadline {
    /// The deadline as it is after the order was closed until `now`: one that has passed meanwhile has no effect any more,
    /// and reminders whose time is over are dropped. `None`: it is the same.
    pub(crate) fn without_what_passed_by(&self, now: UnixMillis) -> Option<Self> {
        let passed = self.passed || self.at <= now;
        let is_ahead = |before: &u64| !passed && self.moment_of(*before) > now;
        let reminders = self.reminders.iter().copied().filter(is_ahead).collect();
        let after = Self { at: self.at, then: self.then, reminders, passed };
        (after != *self).then_some(after)
    }

    /// The time of a reminder, `before` milliseconds before the deadline.
    pub(crate) fn moment_of(&self, before: u64) -> UnixMillis {
        UnixMillis::new(self.at.get().saturating_sub(before))
    }
}
