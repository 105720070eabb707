//! What has been paid of a bill.

use crate::order::people::Seat;
use crate::split::{Share, Shares, TieRank};
use crate::value::text::Text;
use crate::{Amount, Order, Participant, PaymentId, UnixMillis};

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

/// Whether somebody's share is paid.
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

/// What has been paid of one share.
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

    /// Whether it is paid.
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

/// Everybody's balance on an order's bill.
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

    /// What the restaurant is still due: what is due less what has been paid, whoever's share it was for. Never below zero.
    pub fn due(&self) -> Amount {
        self.amount_due.checked_sub(self.paid()).unwrap_or_default().max(Amount::ZERO)
    }

    /// What is due and not on its way either.
    pub(crate) fn open(&self) -> Amount {
        let pending = Amount::checked_sum(self.of.iter().map(Balance::pending)).unwrap_or_default();
        self.due().checked_sub(pending).unwrap_or_default().max(Amount::ZERO)
    }
}

/// One transfer of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'order> {
    /// Who owes; nobody, where the restaurant owes what was overpaid.
    pub from: Option<&'order Participant>,
    /// To whom; nobody, where it is due to the restaurant.
    pub to: Option<&'order Participant>,
    /// How much.
    pub amount: Amount,
}

/// Who owes whom once the bill stands: each owes their share and is owed what they paid, whoever's shares it was for.
///
/// A greedy rule makes the transfers: whoever owes most pays whoever is owed most, as much as is right for both, until
/// nobody owes anything. That is at most one transfer fewer than there are people with a balance. Between equals the
/// smaller [`TieRank`] goes first, the restaurant last. Tips beyond the shares are their givers' own.
pub fn settlement<'order>(order: &'order Order, shares: &Shares<'order>) -> Vec<Transfer<'order>> {
    // What each has paid beyond their share; last, what the restaurant has been given beyond all shares, negated.
    let mut beyond: Vec<i128> = vec![0; order.people.len().saturating_add(1)];
    let restaurant = order.people.len();
    let mut add = |seat: usize, amount: i128| {
        if let Some(sum) = beyond.get_mut(seat) {
            *sum = sum.saturating_add(amount);
        }
    };
    for share in shares.list() {
        let amount = i128::from(share.amount().minor_units());
        if let Some(seat) = order.seat_of(share.participant().id()) {
            add(seat.0, amount.saturating_neg());
            add(restaurant, amount);
        }
    }
    for payment in order.payments.iter().filter(|payment| payment.status == PaymentStatus::Paid) {
        let kept: i128 = payment.parts.iter().map(|part| i128::from(part.kept().minor_units())).sum();
        add(payment.payer.0, kept);
        add(restaurant, kept.saturating_neg());
    }
    let tie = |seat: usize| {
        let person = order.people.get(seat);
        (person.is_none(), person.map(|person| TieRank::new(&order.id, &person.id)))
    };
    let mut open: Vec<_> = beyond
        .into_iter()
        .enumerate()
        .filter(|(_, amount)| *amount != 0)
        .map(|(seat, amount)| (amount, tie(seat), seat))
        .collect();
    let mut transfers = Vec::new();
    loop {
        // Whoever owes most, and whoever is owed most; of equals the smaller tie.
        let debtor = open.iter().min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let creditor = open.iter().max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        let (Some(&(debt, _, from)), Some(&(credit, _, to))) = (debtor, creditor) else { break };
        let amount = debt.saturating_neg().min(credit);
        let Ok(units) = i64::try_from(amount) else { break };
        if units <= 0 {
            break;
        }
        for (balance, _, seat) in &mut open {
            if *seat == from {
                *balance = balance.saturating_add(amount);
            } else if *seat == to {
                *balance = balance.saturating_sub(amount);
            }
        }
        open.retain(|(balance, ..)| *balance != 0);
        transfers.push(Transfer {
            from: order.people.get(from),
            to: order.people.get(to),
            amount: Amount::from_minor_units(units),
        });
    }
    transfers
}
