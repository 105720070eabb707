//! Commands about the table as a whole.

use rust_decimal::Decimal;

use crate::ParticipantId;
use crate::order::deadline::AtDeadline;

/// A command about the table as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableCommand {
    /// Close the order: after it only payments change.
    Finalize,
    /// Let nobody but the owner touch the dishes, or let everybody again.
    Lock {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// Bound what the dishes that somebody adds may come to.
    Limit {
        /// Whose dishes.
        who: ParticipantId,
        /// How much, in whole units; nothing takes the bound away.
        limit: Option<Decimal>,
    },
    /// Say whether the order closes by itself.
    Rules {
        /// Whether it does as soon as everybody at the table is ready.
        finalize_when_ready: bool,
    },
    /// Set when the order is locked or finalized by itself, or take that back.
    Deadline(Option<SetDeadline>),
}

/// A deadline to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDeadline {
    /// When it is.
    pub when: When,
    /// What happens then.
    pub then: AtDeadline,
    /// How many milliseconds before it people are reminded; ten minutes and one where nothing is said.
    pub reminders: Option<Vec<Decimal>>,
}

/// A moment to come, in the client's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many milliseconds since 1970-01-01 UTC.
    At(Decimal),
    /// In so many milliseconds, by the host's clock: whatever the client's says.
    In(Decimal),
}
