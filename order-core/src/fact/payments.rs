//! Facts about payments.

use super::traits::Traits;
use crate::order::payments::PaymentStatus;
use crate::value::text::Text;
use crate::{Amount, ParticipantId, PaymentId};

/// A fact about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFact {
    /// A payment was recorded.
    Recorded(PaymentRecorded),
    /// A payment arrived or failed.
    Updated {
        /// The payment's id.
        payment: PaymentId,
        /// Its new status.
        status: PaymentStatus,
    },
    /// A payment was refunded in part or in full.
    Refunded {
        /// The payment's id.
        payment: PaymentId,
        /// The refund's id.
        refund: PaymentId,
        /// How much.
        amount: Amount,
        /// How much of it is taken back from the payment of each share.
        parts: Vec<(ParticipantId, Amount)>,
        /// How much of it is taken back from the tip.
        tip: Amount,
        /// How much of each share the restaurant writes off with it; `None`: all of it is due again.
        written_off: Option<Vec<(ParticipantId, Amount)>>,
    },
}

impl PaymentFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Recorded(_) => Traits::of("payment_recorded"),
            Self::Updated { .. } => Traits::of("payment_updated"),
            Self::Refunded { .. } => Traits::of("payment_refunded"),
        }
    }
}

/// A payment was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecorded {
    /// The payment's id.
    pub payment: PaymentId,
    /// Who paid.
    pub payer: ParticipantId,
    /// How much: the sum of the parts and the tip.
    pub amount: Amount,
    /// How much it pays of each share.
    pub parts: Vec<(ParticipantId, Amount)>,
    /// How much of it is a tip beyond the shares.
    pub tip: Amount,
    /// How it was paid.
    pub method: Option<Text>,
    /// A reference in another system, such as a transaction number.
    pub reference: Option<Text>,
    /// Whether it has arrived.
    pub status: PaymentStatus,
}
