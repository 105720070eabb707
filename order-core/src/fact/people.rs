//! Facts about the people at the table.

use super::ChargesSet;
use super::traits::{Marks, Traits};
use crate::order::deadline::Deadline;
use crate::split::Weight;
use crate::value::text::Text;
use crate::{Currency, ItemId, ParticipantId, Role, TableRules};

/// A fact about the people at the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleFact {
    /// Somebody joined, came back, or changed their details.
    Joined(Joined),
    /// Somebody without a phone was added.
    Added {
        /// The person's id.
        who: ParticipantId,
        /// The person's name.
        name: Text,
    },
    /// Somebody left.
    Left {
        /// The new owner; `None`: everybody has left.
        owner: Option<ParticipantId>,
    },
    /// Somebody was marked or unmarked as ready.
    ReadySet {
        /// Whether they are ready.
        ready: bool,
    },
    /// The order was handed over to a new owner.
    HandedOver {
        /// The new owner's id.
        to: ParticipantId,
    },
    /// A participant was removed.
    Removed(Removed),
    /// A removed participant may come back.
    Readmitted {
        /// The participant's id.
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
            Self::Added { .. } => Traits::of("participant_added").drops(Marks::Drop),
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

/// Somebody joined, came back, or changed their details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The name from now on.
    pub name: Text,
    /// The phone number from now on.
    pub phone: Option<Text>,
    /// The role from now on.
    pub role: Role,
    /// The order's circle, if this client is the first to name it.
    pub circle_id: Option<Text>,
    /// The order's restaurant, if this client is the first to name it.
    pub tenant_id: Option<Text>,
    /// The order's currency; only in the first join.
    pub currency: Option<Currency>,
    /// The order's charges, if the first join set them.
    pub charges: Option<Box<ChargesSet>>,
    /// The order's rules, if the first join set any but the defaults.
    pub rules: Option<TableRules>,
    /// The order's deadline, if the first join set one.
    pub deadline: Option<Box<Deadline>>,
}

/// A participant was removed, and cannot come back unless readmitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The participant's id.
    pub who: ParticipantId,
    /// The new owner; `None`: nobody is left.
    pub owner: Option<ParticipantId>,
    /// The lines that were removed with them.
    pub items: Vec<ItemId>,
    /// The lines with new claims: who shares each, with which weights.
    pub shared: Vec<(ItemId, Vec<(ParticipantId, Weight)>)>,
}
