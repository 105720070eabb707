//! What has been paid of a bill.

use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, PaymentId, UnixMillis};

/// The most payments that one order can have.
pub const MAX_PAYMENTS: usize = 1_000;
/// The most shares that all payments of one order can pay together, each counted as often as it is paid.
pub const MAX_PAYMENT_PARTS: usize = 4_000;
/// The most refunds that all payments of one order can have together.
pub const MAX_REFUNDS: usize = 1_000;

/// Whether a payment has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// On its way. It is not due again meanwhile.
    Pending,
    /// It has arrived.
    Paid,
    /// It never arrived.
    Failed,
}

impl PaymentStatus {
    /// The status's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Failed => "failed",
        }
    }
}

/// One payment: who paid how much, and of whose shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) payer: Seat,
    pub(crate) amount: Amount,
    /// What is paid of each share, in the order of seats.
    pub(crate) parts: Vec<Part>,
    /// What is a tip beyond the shares.
    pub(crate) tip: Amount,
    pub(crate) tip_refunded: Amount,
    /// What was given back, and when.
    pub(crate) refunds: Vec<Refund>,
    pub(crate) method: Option<Text>,
    pub(crate) reference: Option<Text>,
    pub(crate) status: PaymentStatus,
    /// Who recorded it; none: the back end.
    pub(crate) recorded_by: Option<Seat>,
    pub(crate) recorded_at: UnixMillis,
}

/// Something that was given back of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub(crate) id: PaymentId,
    pub(crate) amount: Amount,
}

impl Refund {
    /// Which refund it is.
    pub fn id(&self) -> &PaymentId {
        &self.id
    }

    /// How much was given back.
    pub fn amount(&self) -> Amount {
        self.amount
    }
}

/// What a payment pays of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) seat: Seat,
    pub(crate) amount: Amount,
    pub(crate) refunded: Amount,
}

impl Part {
    /// What is left of it after refunds.
    pub(crate) fn kept(&self) -> Amount {
        self.amount.checked_sub(self.refunded).unwrap_or_default()
    }
}

impl Payment {
    /// Which payment it is.
    pub fn id(&self) -> &PaymentId {
        &self.id
    }

    /// How much was paid, the tip included.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// What of it is a tip beyond the shares.
    pub fn tip(&self) -> Amount {
        self.tip
    }

    /// What of the tip has been given back.
    pub fn tip_refunded(&self) -> Amount {
        self.tip_refunded
    }

    /// How much of it has been given back.
    pub fn refunded(&self) -> Amount {
        let parts = self.parts.iter().map(|part| part.refunded);
        Amount::checked_sum(parts.chain([self.tip_refunded])).unwrap_or_default()
    }

    /// What was given back of it, in the order in which it was.
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Whether the restaurant's back end recorded it, so that only the back end changes it.
    pub fn is_backends(&self) -> bool {
        self.recorded_by.is_none()
    }

    /// How it was paid, such as `card`.
    pub fn method(&self) -> Option<&Text> {
        self.method.as_ref()
    }

    /// By what it can be found elsewhere, such as a transaction's number.
    pub fn reference(&self) -> Option<&Text> {
        self.reference.as_ref()
    }

    /// Whether it has arrived.
    pub fn status(&self) -> PaymentStatus {
        self.status
    }

    /// When it was recorded.
    pub fn recorded_at(&self) -> UnixMillis {
        self.recorded_at
    }
}
