//! What has been paid of each share, and what is due.

use super::shares::{Share, Shares};
use crate::order::payments::PaymentStatus;
use crate::value::Seat;
use crate::{Amount, Order};

/// The payment status of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShareStatus {
    /// Part of it is due and not on its way.
    Unpaid,
    /// All that is due is on its way.
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
    written_off: Amount,
    paid: Amount,
    pending: Amount,
}

impl Balance {
    /// How much of the share the restaurant has written off with refunds: at most the share, however it has changed since.
    pub fn written_off(&self) -> Amount {
        self.written_off
    }

    /// How much has been paid, less refunds.
    pub fn paid(&self) -> Amount {
        self.paid
    }

    /// How much is on its way.
    pub fn pending(&self) -> Amount {
        self.pending
    }

    /// How much is due: the share less what was written off and what has been paid. Negative if the share shrank after it
    /// was paid.
    pub fn due(&self) -> Amount {
        let owed = self.share.checked_sub(self.written_off).unwrap_or(self.share);
        owed.checked_sub(self.paid).unwrap_or(owed)
    }

    /// How much is due and not on its way.
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
    /// Computes the balances of an order with these shares.
    pub fn new(order: &Order, shares: &Shares<'_>) -> Self {
        let mut of = vec![Balance::default(); order.people.len()];
        for share in shares.list() {
            if let Some(balance) = order.seat_of(share.participant().id()).and_then(|seat| of.get_mut(seat.0))
            {
                balance.share = share.amount();
            }
        }
        for payment in &order.payments {
            for &(seat, amount) in &payment.written_off {
                let Some(balance) = of.get_mut(seat.0) else { continue };
                let sum = balance.written_off.checked_add(amount).unwrap_or(balance.written_off);
                balance.written_off = sum.min(balance.share.max(Amount::ZERO));
            }
            for part in &payment.parts {
                let Some(balance) = of.get_mut(part.seat.0) else { continue };
                let sum = match payment.status {
                    PaymentStatus::Paid => &mut balance.paid,
                    PaymentStatus::Pending => &mut balance.pending,
                    PaymentStatus::Failed => continue,
                };
                // Cannot overflow: the number and the size of payments are bounded.
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

    /// How much of the bill has been paid, less refunds.
    pub fn paid(&self) -> Amount {
        Amount::checked_sum(self.of.iter().map(Balance::paid)).unwrap_or_default()
    }

    /// How much of the bill the restaurant has written off with refunds.
    pub fn written_off(&self) -> Amount {
        Amount::checked_sum(self.of.iter().map(Balance::written_off)).unwrap_or_default()
    }

    /// What the restaurant is still due: the amount due less what it has written off and all payments, for whichever share
    /// they were. Never below zero.
    pub fn due(&self) -> Amount {
        let covered = self.paid().checked_add(self.written_off()).unwrap_or_default();
        self.amount_due.checked_sub(covered).unwrap_or_default().max(Amount::ZERO)
    }

    /// How much is due and not on its way.
    pub(crate) fn open(&self) -> Amount {
        let pending = Amount::checked_sum(self.of.iter().map(Balance::pending)).unwrap_or_default();
        self.due().checked_sub(pending).unwrap_or_default().max(Amount::ZERO)
    }
}
