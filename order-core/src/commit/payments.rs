//! Applies facts about payments.

use super::CommitError;
use crate::fact::{PaymentFact, PaymentRecorded, Recorded};
use crate::order::Order;
use crate::order::payments::{Part, Payment, Refund};
use crate::order::people::Seat;
use crate::{Amount, ParticipantId, PaymentId};

/// Applies a fact about a payment.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &PaymentFact) -> Result<(), CommitError> {
    match fact {
        PaymentFact::Recorded(payment) => record(order, recorded, payment),
        PaymentFact::Updated { payment, status } => {
            find(order, payment)?.status = *status;
            Ok(())
        }
        PaymentFact::Refunded { payment, refund, amount, parts, tip, written_off } => {
            let refund = Refund { id: refund.clone(), amount: *amount, due: written_off.is_none() };
            let written_off = written_off.as_deref().unwrap_or_default();
            self::refund(order, payment, refund, parts, *tip, written_off)
        }
    }
}

fn record(order: &mut Order, recorded: &Recorded, new: &PaymentRecorded) -> Result<(), CommitError> {
    if order.payment(&new.payment).is_some() {
        return Err(CommitError::PaymentExists);
    }
    let seat = |id: &ParticipantId| order.seat_of(id).ok_or(CommitError::UnknownPerson);
    let part = |(id, amount): &(ParticipantId, Amount)| {
        Ok(Part { seat: seat(id)?, amount: *amount, refunded: Amount::ZERO })
    };
    let mut parts: Vec<Part> = new.parts.iter().map(part).collect::<Result<_, _>>()?;
    parts.sort_unstable_by_key(|part| part.seat);
    let payment = Payment {
        id: new.payment.clone(),
        payer: seat(&new.payer)?,
        amount: new.amount,
        parts,
        tip: new.tip,
        tip_refunded: Amount::ZERO,
        written_off: Vec::new(),
        refunds: Vec::new(),
        method: new.method.clone(),
        reference: new.reference.clone(),
        status: new.status,
        recorded_by: recorded.by.id().map(seat).transpose()?,
        recorded_at: recorded.at,
    };
    order.payments.push(payment);
    Ok(())
}

fn find<'order>(order: &'order mut Order, id: &PaymentId) -> Result<&'order mut Payment, CommitError> {
    order.payments.iter_mut().find(|payment| payment.id == *id).ok_or(CommitError::UnknownPayment)
}

fn refund(
    order: &mut Order,
    id: &PaymentId,
    refund: Refund,
    refunded: &[(ParticipantId, Amount)],
    tip: Amount,
    written_off: &[(ParticipantId, Amount)],
) -> Result<(), CommitError> {
    let parts = by_seat(order, refunded)?;
    let written_off = by_seat(order, written_off)?;
    let payment = find(order, id)?;
    // Everything is validated before anything is changed.
    let mut after = payment.parts.clone();
    for (seat, amount) in parts {
        let part = after.iter_mut().find(|part| part.seat == seat).ok_or(CommitError::UnknownPerson)?;
        part.refunded = part.refunded.checked_add(amount).ok_or(CommitError::Overflow)?;
    }
    let mut all_written_off = payment.written_off.clone();
    for (seat, amount) in written_off {
        match all_written_off.iter_mut().find(|(other, _)| *other == seat) {
            Some((_, sum)) => *sum = sum.checked_add(amount).ok_or(CommitError::Overflow)?,
            None => all_written_off.push((seat, amount)),
        }
    }
    all_written_off.sort_unstable_by_key(|(seat, _)| *seat);
    payment.tip_refunded = payment.tip_refunded.checked_add(tip).ok_or(CommitError::Overflow)?;
    payment.parts = after;
    payment.written_off = all_written_off;
    payment.refunds.push(refund);
    Ok(())
}

fn by_seat(order: &Order, amounts: &[(ParticipantId, Amount)]) -> Result<Vec<(Seat, Amount)>, CommitError> {
    let seat = |(who, amount): &(ParticipantId, Amount)| {
        Ok((order.seat_of(who).ok_or(CommitError::UnknownPerson)?, *amount))
    };
    amounts.iter().map(seat).collect()
}
