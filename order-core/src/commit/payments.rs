//! Applies facts about payments.

use super::CommitError;
use crate::fact::{PaymentFact, PaymentRecorded, Recorded};
use crate::order::Order;
use crate::order::payments::{Part, Payment, Refund};
use crate::{Amount, ParticipantId, PaymentId};

/// Applies a fact about a payment.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &PaymentFact) -> Result<(), CommitError> {
    match fact {
        PaymentFact::Recorded(payment) => record(order, recorded, payment),
        PaymentFact::Updated { payment, status } => {
            find(order, payment)?.status = *status;
            Ok(())
        }
        PaymentFact::Refunded { payment, refund, amount, parts, tip } => {
            let refund = Refund { id: refund.clone(), amount: *amount };
            self::refund(order, payment, refund, parts, *tip)
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
) -> Result<(), CommitError> {
    let mut parts = Vec::with_capacity(refunded.len());
    for (who, amount) in refunded {
        parts.push((order.seat_of(who).ok_or(CommitError::UnknownPerson)?, *amount));
    }
    let payment = find(order, id)?;
    // Everything is validated before anything is changed.
    let mut after = payment.parts.clone();
    for (seat, amount) in parts {
        let part = after.iter_mut().find(|part| part.seat == seat).ok_or(CommitError::UnknownPerson)?;
        part.refunded = part.refunded.checked_add(amount).ok_or(CommitError::Overflow)?;
    }
    payment.tip_refunded = payment.tip_refunded.checked_add(tip).ok_or(CommitError::Overflow)?;
    payment.parts = after;
    payment.refunds.push(refund);
    Ok(())
}
