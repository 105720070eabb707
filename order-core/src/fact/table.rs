//! Facts about the table as a whole.

use super::traits::{Marks, Traits};
use crate::order::deadline::Deadline;
use crate::{Amount, LimitOn, ParticipantId, TableRules};

/// A fact about the table as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableFact {
    /// The rules of the order as a whole changed.
    RulesSet(TableRules),
    /// The dishes were locked, so that only the owner may change them, or unlocked.
    LockSet {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// A limit on the dishes that people add was set or removed.
    LimitSet {
        /// Whose dishes.
        on: LimitOn,
        /// The new limit; `None`: it was removed.
        limit: Option<Amount>,
    },
    /// The deadline was set, changed or removed.
    DeadlineSet(Option<Deadline>),
    /// People were reminded of the deadline.
    Reminded {
        /// Which reminder, in milliseconds before the deadline. Earlier ones are dropped.
        before: u64,
    },
    /// The order was finalized.
    Finalized {
        /// Who is on the bill, whatever is paid later. `None` in facts of version 1, which did not
        /// record it: it then follows from the log before them.
        on_bill: Option<Vec<ParticipantId>>,
    },
    /// A finalized or expired order was opened again.
    Reopened {
        /// The deadline from now on, if it or a reminder has passed while the order was closed.
        deadline: Option<Box<Deadline>>,
    },
    /// The order was idle for too long and was closed without a bill.
    Expired,
    /// The finalized order was idle for too long; payments do not change any more either.
    Archived,
}

impl TableFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::RulesSet(_) => Traits::of("rules_updated").changes_rules(true),
            Self::LockSet { locked } => Traits::of(if *locked { "order_locked" } else { "order_unlocked" })
                .changes_rules(true)
                .may_end_deadline(),
            Self::LimitSet { .. } => Traits::of("limit_updated").changes_rules(true),
            Self::DeadlineSet(_) => Traits::of("deadline_updated").changes_rules(true).may_move_alarm(true),
            Self::Reminded { .. } => Traits::of("deadline_reminder").changes_rules(true),
            Self::Finalized { .. } => Traits::of("order_finalized").may_end_deadline().may_move_alarm(true),
            // Everybody may have said that they were ready before the order was closed.
            Self::Reopened { deadline } => Traits::of("order_reopened")
                .drops(Marks::Drop)
                .changes_rules(deadline.is_some())
                .may_move_alarm(true),
            Self::Expired => Traits::of("order_expired"),
            Self::Archived => Traits::of("order_archived"),
        }
    }
}
