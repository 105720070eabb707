//! Commands about who shares a dish.

use rust_decimal::Decimal;

use crate::{ItemId, ParticipantId};

/// A command about who shares a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimCommand {
    /// Take part in a dish, or another part than before.
    Claim {
        /// Which line.
        item: ItemId,
        /// How large a part, relative to the others'; 1 where none is given.
        weight: Option<Decimal>,
    },
    /// Have no part in a dish any more.
    Unclaim {
        /// Which line.
        item: ItemId,
    },
    /// Say whose a dish is. The owner's to say.
    Assign {
        /// Which line.
        item: ItemId,
        /// Whose it is from now on.
        shared_by: SharedBy,
    },
}

/// Whose a dish is: people, and how large a part each has relative to the others (1 where no weight is given).
pub type SharedBy = Vec<(ParticipantId, Option<Decimal>)>;
