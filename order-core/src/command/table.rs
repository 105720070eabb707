//! Commands about the table as a whole.

use rust_decimal::Decimal;

use crate::LimitOn;
use crate::order::deadline::AtDeadline;

/// A command about the table as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableCommand {
    /// Finalizes the order: after that only payments and corrections change it, unless it is reopened.
    Finalize,
    /// Opens a finalized or expired order again.
    Reopen,
    /// Locks the dishes, so that only the owner may change them, or unlocks them.
    Lock {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// Limits the total of the dishes that people add.
    Limit {
        /// Whose dishes.
        on: LimitOn,
        /// The limit in whole units; `None` removes it.
        limit: Option<Decimal>,
    },
    /// Sets whether the order is finalized automatically.
    Rules {
        /// Whether it is finalized as soon as everybody at the table is ready.
        finalize_when_ready: bool,
    },
    /// Sets when the order is locked or finalized automatically; `None` removes the deadline.
    Deadline(Option<SetDeadline>),
}

/// A deadline to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDeadline {
    /// The time of the deadline.
    pub when: When,
    /// What happens then.
    pub then: AtDeadline,
    /// The reminders, in milliseconds before it; `None`: ten minutes and one minute.
    pub reminders: Option<Vec<Decimal>>,
}

/// A time in the future, in the client's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Milliseconds since 1970-01-01 UTC.
    At(Decimal),
    /// Milliseconds from now by the host's clock, so that the client's clock does not matter.
    In(Decimal),
}
