//! Facts about transfers between participants.

use super::traits::Traits;
use crate::value::text::Text;
use crate::{Amount, ParticipantId, TransferId};

/// A fact about a transfer between two participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferFact {
    /// A transfer was recorded; it is pending.
    Recorded(TransferRecorded),
    /// The receiver confirmed or denied a transfer.
    Answered {
        /// The transfer's id.
        transfer: TransferId,
        /// Whether the receiver has the money.
        confirmed: bool,
    },
    /// The sender took back a transfer that was not answered.
    Cancelled {
        /// The transfer's id.
        transfer: TransferId,
    },
}

impl TransferFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Recorded(_) => Traits::of("transfer_recorded"),
            Self::Answered { .. } => Traits::of("transfer_answered"),
            Self::Cancelled { .. } => Traits::of("transfer_cancelled"),
        }
    }
}

/// A transfer was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRecorded {
    /// The transfer's id.
    pub transfer: TransferId,
    /// Who pays.
    pub from: ParticipantId,
    /// Who is paid.
    pub to: ParticipantId,
    /// How much.
    pub amount: Amount,
    /// How it was given.
    pub method: Option<Text>,
    /// A reference in another system, such as a transaction number.
    pub reference: Option<Text>,
}
