//! Table rules: who may do what, where that differs from the defaults.

use std::collections::{BTreeMap, BTreeSet};

use crate::bill::OddUnits;
use crate::order::deadline::Deadline;
use crate::order::people::Seat;
use crate::{Amount, ParticipantId};

/// Who may edit the dishes, choose the split and finalize. The first to join chooses,
/// permanently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Policy {
    /// Everybody at the table may edit everything.
    #[default]
    Open,
    /// Participants edit the dishes that they added; the owner edits all, chooses the split and
    /// finalizes.
    Hosted,
}

impl Policy {
    /// Finds the policy with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Hosted].into_iter().find(|policy| policy.as_str() == name)
    }

    /// The policy's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Hosted => "hosted",
        }
    }
}

/// The rules agreed for an order as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableRules {
    /// Who may edit what.
    pub policy: Policy,
    /// Whether the order is finalized as soon as everybody at the table is ready.
    pub finalize_when_ready: bool,
}

/// What a spending limit is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitOn {
    /// The dishes that this participant adds.
    Person(ParticipantId),
    /// The dishes that each person adds who has no limit of their own, also one who joins later.
    Each,
    /// The dishes of the whole table.
    Table,
}

/// An order's rules, from the first time they differ from the defaults. Most orders have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TableState {
    pub(crate) house: TableRules,
    /// Whether only the owner may change the dishes.
    pub(crate) locked: bool,
    /// The limit on the total of the dishes that a participant adds.
    pub(crate) limits: BTreeMap<Seat, Amount>,
    /// The limit of everybody who has none of their own.
    pub(crate) limit_each: Option<Amount>,
    /// The limit on the total of all dishes.
    pub(crate) limit_table: Option<Amount>,
    /// Who is ready. Only people at the table.
    pub(crate) ready: BTreeSet<Seat>,
    /// Who was removed and may not come back.
    pub(crate) removed: BTreeSet<Seat>,
    /// When the order is locked or finalized automatically.
    pub(crate) deadline: Option<Deadline>,
    /// Whether each share is rounded to the smallest coin.
    pub(crate) round_shares: bool,
    /// Who gets the units that are left once every quota is rounded down.
    pub(crate) odd_units: OddUnits,
    /// The sequence number of the last fact that changed any of this.
    pub(crate) changed_at: u64,
}

impl TableState {
    /// Whether there is any limit on what people may add.
    pub(crate) fn has_limits(&self) -> bool {
        !self.limits.is_empty() || self.limit_each.is_some() || self.limit_table.is_some()
    }
}
