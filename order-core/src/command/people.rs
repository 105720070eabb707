//! Commands about the people at the table.

use super::{SetCharges, SetDeadline};
use crate::value::text::Text;
use crate::{Currency, ParticipantId, Policy};

/// A command about the people at the table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeopleCommand {
    /// Sit down at the table, or come back to it.
    Join(Join),
    /// Get up from the table. Dishes stay.
    Leave,
    /// Be done ordering, or not yet after all.
    SetReady {
        /// Whether one is.
        ready: bool,
    },
    /// Send somebody away, who cannot come back.
    Remove {
        /// Whom.
        who: ParticipantId,
        /// What becomes of what is theirs.
        dishes: DishesOfRemoved,
    },
    /// Let somebody who was removed come back.
    Readmit {
        /// Whom.
        who: ParticipantId,
    },
    /// Make somebody else the owner.
    HandOver {
        /// Whom.
        to: ParticipantId,
    },
}

/// What a client says when it joins. What is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join {
    /// The name that the others see; needed from whoever is new.
    pub name: Option<Text>,
    /// A phone number, for this person's eyes only.
    pub phone: Option<Text>,
    /// The group of friends that orders.
    pub circle_id: Option<Text>,
    /// The restaurant.
    pub tenant_id: Option<Text>,
    /// The currency; the first to join sets it.
    pub currency: Option<Currency>,
    /// The order's charges; the first to join may set them.
    pub charges: Option<SetCharges>,
    /// Who edits what; the first to join may say.
    pub policy: Option<Policy>,
    /// Whether the order is finalized as soon as all are ready; the first to join may say.
    pub finalize_when_ready: Option<bool>,
    /// When the order is locked or finalized by itself; the first to join may say.
    pub deadline: Option<Box<SetDeadline>>,
}

/// What becomes of the dishes of somebody who is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DishesOfRemoved {
    /// They stay theirs and on the bill, as when somebody leaves.
    Keep,
    /// What is theirs alone is taken off, as is what they added and nobody claims. Of what they share, the others have all.
    Remove,
    /// Their part of each dish is somebody else's.
    Reassign {
        /// Whose.
        to: ParticipantId,
    },
}
