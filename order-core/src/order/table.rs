//! Who may do what at a table, where that is anything but the ordinary.

use std::collections::{BTreeMap, BTreeSet};

use crate::Amount;
use crate::order::deadline::Deadline;
use crate::order::people::Seat;

/// Who edits the dishes of an order, chooses its split and closes it. The first to join chooses, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Policy {
    /// Everybody at the table edits everything.
    #[default]
    Open,
    /// Each edits the dishes that they added; the owner edits all, chooses the split and finalizes.
    Hosted,
}

impl Policy {
    /// The policy with this name in the protocol.
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

/// What is agreed about an order as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HouseRules {
    /// Who edits what.
    pub policy: Policy,
    /// Whether the order is finalized as soon as everybody at the table is ready.
    pub finalize_when_ready: bool,
}

/// What an order knows of rules from the first moment in which they were other than the ordinary. Most orders know nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rules {
    pub(crate) house: HouseRules,
    /// Whether only the owner may touch the dishes.
    pub(crate) locked: bool,
    /// How much the dishes that somebody adds may come to.
    pub(crate) limits: BTreeMap<Seat, Amount>,
    /// Who is done ordering. Only people at the table.
    pub(crate) ready: BTreeSet<Seat>,
    /// Who may not come back.
    pub(crate) removed: BTreeSet<Seat>,
    /// When the order is locked or finalized by itself.
    pub(crate) deadline: Option<Deadline>,
    /// The last fact that changed any of this.
    pub(crate) changed_at: u64,
}
