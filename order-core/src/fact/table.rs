//! Facts about the table as a whole.

use super::traits::Traits;
use crate::order::deadline::Deadline;
use crate::{Amount, HouseRules, ParticipantId};

/// A fact about the table as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableFact {
    /// Other rules hold for the order as a whole.
    RulesSet(HouseRules),
    /// Only the owner may touch the dishes, or everybody again.
    LockSet {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// What the dishes that somebody adds may come to is bounded, or no longer.
    LimitSet {
        /// Whose dishes.
        who: ParticipantId,
        /// How much from now on.
        limit: Option<Amount>,
    },
    /// The order is locked or finalized at another time than before, or not by itself any more.
    DeadlineSet(Option<Deadline>),
    /// People were reminded of the deadline.
    Reminded {
        /// By the reminder so many milliseconds before it. Those that were to come earlier come no more.
        before: u64,
    },
    /// The order is closed.
    Finalized {
        /// Who is on the bill, whatever is paid later. Nothing in facts of the first version, which did not say: there it
        /// follows from the log before them.
        on_bill: Option<Vec<ParticipantId>>,
    },
    /// Nobody touched the order for so long that it was closed without a bill.
    Expired,
    /// The order is finalized, and nobody touched it for so long that payments do not change any more either.
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
            Self::Expired => Traits::of("order_expired"),
            Self::Archived => Traits::of("order_archived"),
        }
    }
}
