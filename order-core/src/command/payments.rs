//! Commands about payments.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::value::text::Text;
use crate::{ParticipantId, PaymentId};

/// A command about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaymentCommand {
    /// Note a payment. The owner's or the back end's to say, as are the next two.
    Record(RecordPayment),
    /// Note that a pending payment has arrived, or never will.
    Update {
        /// Which payment.
        payment: PaymentId,
        /// Whether it has arrived.
        arrived: bool,
    },
    /// Note that a payment was given back.
    Refund(RefundPayment),
}

/// A payment to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    /// The payment's id: the client's, or an unguessable one that the host made.
    pub payment: PaymentId,
    /// How much, in whole units.
    pub amount: Decimal,
    /// Who paid; the owner who notes it where nothing is said.
    pub payer: Option<ParticipantId>,
    /// Whose shares it pays; the payer's where nothing is said.
    pub paid_for: Option<PaidFor>,
    /// How it was paid.
    pub method: Option<Text>,
    /// By what it can be found elsewhere.
    pub reference: Option<Text>,
    /// Whether it is still on its way.
    pub pending: bool,
    /// Whether what is more than is due is a tip; else it is refused.
    pub excess_is_tip: bool,
}

/// Whose shares a payment pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaidFor {
    /// Of each of these what is due; if it does not suffice, in proportion.
    Shares(Vec<ParticipantId>),
    /// So much of each, in whole units.
    Amounts(BTreeMap<ParticipantId, Decimal>),
}

/// A refund to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPayment {
    /// Of which payment.
    pub payment: PaymentId,
    /// The refund's id: the client's, or an unguessable one that the host made. It counts once.
    pub refund: PaymentId,
    /// How much of the payment, in whole units; all that is left of it where nothing is said.
    pub amount: Option<Decimal>,
}
