//! Facts about who shares a dish.

use super::traits::{Marks, Traits};
use crate::split::Weight;
use crate::{ItemId, ParticipantId};

/// A fact about who shares a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimFact {
    /// A dish is somebody else's, or shared by others.
    Shared {
        /// Which line.
        item: ItemId,
        /// Whose it is from now on, and in which proportions. Empty: nobody's.
        shared_by: Vec<(ParticipantId, Weight)>,
    },
}

impl ClaimFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Shared { .. } => Traits::of("item_shared").drops(Marks::KeepAuthors),
        }
    }
}
