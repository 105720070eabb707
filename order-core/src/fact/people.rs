//! Facts about the people at the table.

use super::ChargesSet;
use super::traits::{Marks, Traits};
use crate::order::deadline::Deadline;
use crate::split::Weight;
use crate::value::text::Text;
use crate::{Currency, HouseRules, ItemId, ParticipantId, Role};

/// A fact about the people at the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleFact {
    /// Somebody joined, came back, or told more about themselves.
    Joined(Joined),
    /// Somebody left.
    Left {
        /// Who owns the order from now on; nobody when all have left.
        owner: Option<ParticipantId>,
    },
    /// Somebody is done ordering, or not yet after all.
    ReadySet {
        /// Whether they are.
        ready: bool,
    },
    /// The order is somebody else's.
    HandedOver {
        /// Who owns it from now on.
        to: ParticipantId,
    },
    /// Somebody was sent away.
    Removed(Removed),
    /// Somebody who was removed may come back.
    Readmitted {
        /// Who.
        who: ParticipantId,
    },
}

impl PeopleFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            // The first of all says in which currency the order is.
            Self::Joined(joined) => Traits::of("participant_joined")
                .drops(Marks::DropOnArrival)
                .changes_rules(joined.rules.is_some() || joined.deadline.is_some())
                .may_move_alarm(joined.currency.is_some() || joined.deadline.is_some()),
            Self::Left { .. } => Traits::of("participant_left").drops(Marks::Drop),
            Self::ReadySet { .. } => Traits::of("ready_updated").changes_rules(true),
            Self::HandedOver { .. } => Traits::of("owner_changed"),
            Self::Removed(_) => {
                Traits::of("participant_removed").drops(Marks::KeepAuthors).changes_rules(true)
            }
            Self::Readmitted { .. } => Traits::of("participant_readmitted").changes_rules(true),
        }
    }
}

/// Somebody joined, came back, or told more about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The name from now on.
    pub name: Text,
    /// The phone number from now on.
    pub phone: Option<Text>,
    /// The role from now on.
    pub role: Role,
    /// The order's circle, where this is the first client to know it.
    pub circle_id: Option<Text>,
    /// The order's restaurant, where this is the first client to know it.
    pub tenant_id: Option<Text>,
    /// The order's currency, set by the first of all.
    pub currency: Option<Currency>,
    /// The order's charges, where the first of all set them.
    pub charges: Option<ChargesSet>,
    /// The order's rules, where the first of all set others than the ordinary.
    pub rules: Option<HouseRules>,
    /// The order's deadline, where the first of all set one.
    pub deadline: Option<Box<Deadline>>,
}

/// Somebody was sent away, and cannot come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Who.
    pub who: ParticipantId,
    /// Who owns the order from now on.
    pub owner: Option<ParticipantId>,
    /// The lines that were taken off with them.
    pub items: Vec<ItemId>,
    /// The lines that are somebody else's from now on, and whose, in which proportions.
    pub shared: Vec<(ItemId, Vec<(ParticipantId, Weight)>)>,
}
