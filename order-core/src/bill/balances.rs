//! What has been paid of each share, and what is due.

use super::shares::{Share, Shares};
use crate::order::payments::PaymentStatus;
use crate::value::Seat;
use crate::{Amount, Order};

/// The payment status of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShareStatus {
    /// Some of it is due.
    Unpaid,
    /// What is due is on its way.
    Pending,
    /// Nothing is due.
    Paid,
}

impl ShareStatus {
    /// The status's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Pending => "pending",
            Self::Paid => "paid",
        }
    }
}

/// What has been paid of one share, and what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    share: Amount,
    paid: Amount,
    pending: Amount,
}

impl Balance {
    /// What has been paid of it, less what was given back.
    pub fn paid(&self) -> Amount {
        self.paid
    }

    /// What is on its way.
    pub fn pending(&self) -> Amount {
        self.pending
    }

    /// What is due: the share less what has been paid. Below zero when the share shrank after it was paid.
    pub fn due(&self) -> Amount {
        self.share.checked_sub(self.paid).unwrap_or(self.share)
    }

    /// What is due and not on its way either.
    pub fn open(&self) -> Amount {
        self.due().checked_sub(self.pending).unwrap_or(self.share)
    }

    /// The status that follows from what is due and what is on its way.
    pub fn status(&self) -> ShareStatus {
        if self.due() <= Amount::ZERO {
            ShareStatus::Paid
        } else if self.open() <= Amount::ZERO {
            ShareStatus::Pending
        } else {
            ShareStatus::Unpaid
        }
    }
}

/// The balance of each share of an order's bill.
#[derive(Debug, Clone)]
pub struct Balances {
    /// By seat.
    of: Vec<Balance>,
    amount_due: Amount,
}

impl Balances {
    /// The balances of an order that is shared so.
    pub fn new(order: &Order, shares: &Shares<'_>) -> Self {
        let mut of = vec![Balance::default(); order.people.len()];
        for share in shares.list() {
            if let Some(balance) = order.seat_of(share.participant().id()).and_then(|seat| of.get_mut(seat.0))
            {
                balance.share = share.amount();
            }
        }
        for payment in &order.payments {
            for part in &payment.parts {
                let Some(balance) = of.get_mut(part.seat.0) else { continue };
                let sum = match payment.status {
                    PaymentStatus::Paid => &mut balance.paid,
                    PaymentStatus::Pending => &mut balance.pending,
                    PaymentStatus::Failed => continue,
                };
                // Bounded by the number of payments and their ceiling.
                *sum = sum.checked_add(part.kept()).unwrap_or(*sum);
            }
        }
        Self { of, amount_due: shares.amount_due() }
    }

    /// The balance of one share.
    pub fn of(&self, order: &Order, share: &Share<'_>) -> Balance {
        let seat = order.seat_of(share.participant().id());
        seat.and_then(|seat| self.at(seat)).unwrap_or_default()
    }

    pub(crate) fn at(&self, seat: Seat) -> Option<Balance> {
        self.of.get(seat.0).copied()
    }

    /// What has been paid of the bill, less what was given back.
    pub fn paid(&self) -> Amount {
        Amount::checked_sum(self.of.iter().map(Balance::paid)).unwrap_or_default()
    }

    /// What the restaurant is still due: the amount due less all payments, for whichever share they were. Never below zero.
    pub fn due(&self) -> Amount {
        self.amount_due.checked_sub(self.paid()).unwrap_or_default().max(Amount::ZERO)
    }

    /// What is due and not on its way either.
    pub(crate) fn open(&self) -> Amount {
        let pending = Amount::checked_sum(self.of.iter().map(Balance::pending)).unwrap_or_default();
        self.due().checked_sub(pending).unwrap_or_default().max(Amount::ZERO)
    }
}
