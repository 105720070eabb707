//! Commands about the people at the table.

use super::{SetCharges, SetDeadline};
use crate::value::text::Text;
use crate::{Currency, ParticipantId, Policy};

/// A command about the people at the table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeopleCommand {
    /// Joins the order, or rejoins it.
    Join(Join),
    /// Leaves the table. Dishes stay.
    Leave,
    /// Marks or unmarks oneself as ready.
    SetReady {
        /// Whether one is ready.
        ready: bool,
    },
    /// Removes a participant, who cannot come back unless readmitted.
    Remove {
        /// The participant's id.
        who: ParticipantId,
        /// What happens to their dishes.
        dishes: DishesOfRemoved,
    },
    /// Lets a removed participant come back.
    Readmit {
        /// The participant's id.
        who: ParticipantId,
    },
    /// Makes another participant the owner.
    HandOver {
        /// The participant's id.
        to: ParticipantId,
    },
}

/// The data of a join. Absent fields keep their values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join {
    /// The name that the others see; required from a new participant.
    pub name: Option<Text>,
    /// A phone number, shown only to this person.
    pub phone: Option<Text>,
    /// The group of friends that orders.
    pub circle_id: Option<Text>,
    /// The restaurant.
    pub tenant_id: Option<Text>,
    /// The currency; only the first to join sets it.
    pub currency: Option<Currency>,
    /// The order's charges; only the first to join sets them here.
    pub charges: Option<SetCharges>,
    /// Who may edit what; only the first to join sets it.
    pub policy: Option<Policy>,
    /// Whether the order is finalized as soon as all are ready; only the first to join sets it
    /// here.
    pub finalize_when_ready: Option<bool>,
    /// When the order is locked or finalized automatically; only the first to join sets it here.
    pub deadline: Option<Box<SetDeadline>>,
}

/// What happens to the dishes of a removed participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DishesOfRemoved {
    /// They keep them and stay on the bill, as when somebody leaves.
    Keep,
    /// Dishes that they alone claim are removed, as are unclaimed dishes that they added. Of dishes
    /// that they share, the others take over their part.
    Remove,
    /// Another participant takes over their part of each dish.
    Reassign {
        /// The id of that participant.
        to: ParticipantId,
    },
}
