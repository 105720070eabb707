//! Facts about payments.

use super::traits::Traits;
use crate::order::payments::PaymentStatus;
use crate::value::text::Text;
use crate::{Amount, ParticipantId, PaymentId};

/// A fact about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFact {
    /// A payment was noted.
    Recorded(PaymentRecorded),
    /// A payment has arrived, or never will.
    Updated {
        /// Which payment.
        payment: PaymentId,
        /// Its status from now on.
        status: PaymentStatus,
    },
    /// Some or all of a payment was given back.
    Refunded {
        /// Which payment.
        payment: PaymentId,
        /// The refund's id.
        refund: PaymentId,
        /// How much.
        amount: Amount,
        /// What of it had been paid of whose shares.
        parts: Vec<(ParticipantId, Amount)>,
        /// What of it was a tip.
        tip: Amount,
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

/// A payment was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecorded {
    /// The payment's id.
    pub payment: PaymentId,
    /// Who paid.
    pub payer: ParticipantId,
    /// How much: the sum of the parts and the tip.
    pub amount: Amount,
    /// What it pays of whose shares.
    pub parts: Vec<(ParticipantId, Amount)>,
    /// What of it is a tip beyond the shares.
    pub tip: Amount,
    /// How it was paid.
    pub method: Option<Text>,
    /// By what it can be found elsewhere.
    pub reference: Option<Text>,
    /// Whether it has arrived.
    pub status: PaymentStatus,
}
