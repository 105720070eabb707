//! Commands about who shares a dish.

use rust_decimal::Decimal;

use crate::{ItemId, ParticipantId};

/// A command about who shares a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimCommand {
    /// Claims a part of a dish, or changes that part.
    Claim {
        /// The line's id.
        item: ItemId,
        /// The weight relative to the others' weights; `None`: 1.
        weight: Option<Decimal>,
    },
    /// Gives up one's part of a dish.
    Unclaim {
        /// The line's id.
        item: ItemId,
    },
    /// Sets who shares a dish. For the owner and the back end.
    Assign {
        /// The line's id.
        item: ItemId,
        /// Who shares it from now on.
        shared_by: SharedBy,
    },
}

/// Who shares a dish, each with a weight relative to the others' (`None`: 1).
pub type SharedBy = Vec<(ParticipantId, Option<Decimal>)>;
