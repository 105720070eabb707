//! Payments of a bill, and what is still due.

use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, PaymentId, UnixMillis};

/// The maximum number of payments of one order.
pub const MAX_PAYMENTS: usize = 1_000;
/// The maximum number of shares that all payments of one order pay, each counted as often as it
/// is paid.
pub const MAX_PAYMENT_PARTS: usize = 4_000;
/// The maximum number of refunds of one order.
pub const MAX_REFUNDS: usize = 1_000;

/// Whether a payment has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// On its way; its amount is not due again meanwhile.
    Pending,
    /// It has arrived.
    Paid,
    /// It failed.
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
    /// How much is paid of each share, in seat order.
    pub(crate) parts: Vec<Part>,
    /// The tip beyond the shares.
    pub(crate) tip: Amount,
    pub(crate) tip_refunded: Amount,
    /// How much its refunds write off of each share, in seat order. Most payments have none.
    pub(crate) written_off: Vec<(Seat, Amount)>,
    /// The refunds, in the order in which they were recorded.
    pub(crate) refunds: Vec<Refund>,
    pub(crate) method: Option<Text>,
    pub(crate) reference: Option<Text>,
    pub(crate) status: PaymentStatus,
    /// Who recorded it; `None`: the back end.
    pub(crate) recorded_by: Option<Seat>,
    pub(crate) recorded_at: UnixMillis,
}

/// A refund of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub(crate) id: PaymentId,
    pub(crate) amount: Amount,
    /// Whether what it takes from shares is due again.
    pub(crate) due: bool,
}

impl Refund {
    /// The refund's id.
    pub fn id(&self) -> &PaymentId {
        &self.id
    }

    /// The refunded amount.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether what it takes from shares is due again. If not, the restaurant writes it off.
    pub fn is_due_again(&self) -> bool {
        self.due
    }
}

/// The part of a payment that pays one share.
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
    /// The payment's id.
    pub fn id(&self) -> &PaymentId {
        &self.id
    }

    /// How much was paid, the tip included.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// How much of it is a tip beyond the shares.
    pub fn tip(&self) -> Amount {
        self.tip
    }

    /// How much of the tip has been refunded.
    pub fn tip_refunded(&self) -> Amount {
        self.tip_refunded
    }

    /// How much of the payment has been refunded, its tip included.
    pub fn refunded(&self) -> Amount {
        let parts = self.parts.iter().map(|part| part.refunded);
        Amount::checked_sum(parts.chain([self.tip_refunded])).unwrap_or_default()
    }

    /// The refunds, in the order in which they were recorded.
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Whether the restaurant's back end recorded it. Then only the back end may change it.
    pub fn is_backends(&self) -> bool {
        self.recorded_by.is_none()
    }

    /// How it was paid, such as `card`.
    pub fn method(&self) -> Option<&Text> {
        self.method.as_ref()
    }

    /// A reference in another system, such as a transaction number.
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
