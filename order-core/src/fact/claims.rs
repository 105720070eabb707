//! Facts about who shares a dish.

use super::traits::{Marks, Traits};
use crate::split::Weight;
use crate::{ItemId, ParticipantId};

/// A fact about who shares a dish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimFact {
    /// The claims on a dish changed.
    Shared {
        /// The line's id.
        item: ItemId,
        /// Who shares it from now on, with which weights. Empty: unassigned.
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
