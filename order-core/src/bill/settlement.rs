//! Who owes whom.

use super::balances::Balances;
use super::shares::Shares;
use crate::divide::TieRank;
use crate::order::payments::PaymentStatus;
use crate::order::transfers::TransferStatus;
use crate::{Amount, Order, Participant};

/// One transfer of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'order> {
    /// Who pays; `None` is the restaurant, which gives back what was overpaid.
    pub from: Option<&'order Participant>,
    /// Who is paid; `None` is the restaurant.
    pub to: Option<&'order Participant>,
    /// How much.
    pub amount: Amount,
}

/// Computes who owes whom. Each person owes their share, less what the restaurant has written off of it, and is owed what
/// they paid, for whichever shares it was.
///
/// A greedy rule makes the transfers: the largest debtor pays the largest creditor the smaller of the two balances, until
/// no balance is left. That is at most one transfer fewer than there are people with a balance. Between equals the
/// smaller [`TieRank`] goes first, the restaurant last. Tips beyond the shares are their givers' own. What friends have
/// paid back counts once it is confirmed.
pub fn settlement<'order>(order: &'order Order, shares: &Shares<'order>) -> Vec<Transfer<'order>> {
    let beyond = beyond(order, shares);
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
        // The largest debtor and the largest creditor; between equals the smaller tie.
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

/// Computes how much each has paid beyond their share, by seat; last, what the restaurant got beyond all shares, negated. The
/// sum of all is 0.
pub(super) fn beyond(order: &Order, shares: &Shares<'_>) -> Vec<i128> {
    let mut beyond: Vec<i128> = vec![0; order.people.len().saturating_add(1)];
    let restaurant = order.people.len();
    let mut add = |seat: usize, amount: i128| {
        if let Some(sum) = beyond.get_mut(seat) {
            *sum = sum.saturating_add(amount);
        }
    };
    let has_write_offs = order.payments.iter().any(|payment| !payment.written_off.is_empty());
    let balances = has_write_offs.then(|| Balances::new(order, shares));
    for share in shares.list() {
        let written_off = balances.as_ref().map(|balances| balances.of(order, share).written_off());
        let owed = share.amount().checked_sub(written_off.unwrap_or_default()).unwrap_or_default();
        let amount = i128::from(owed.minor_units());
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
    for transfer in order.transfers().iter().filter(|transfer| transfer.status == TransferStatus::Confirmed) {
        let amount = i128::from(transfer.amount.minor_units());
        add(transfer.from.0, amount);
        add(transfer.to.0, amount.saturating_neg());
    }
    beyond
}
