//! Commands about payments.

use crate::command::{PaidFor, PaymentCommand, RecordPayment, RefundPayment};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_LABEL_CHARS, MAX_METHOD_CHARS};
use crate::wire::fields::{by_participant, item_id, on_bill, optional};
use crate::wire::json::Object;
use crate::{ItemId, PaymentId};

const AMOUNT: &str = "an amount above 0";
/// The fields of `record_payment`.
const RECORD: [&str; 8] = ["paymentId", "amount", "payer", "for", "method", "reference", "status", "excess"];

pub(super) fn record(
    data: &Object<'_>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<RecordPayment, Rejection> {
    data.only(&RECORD, Code::BadPayment, "record_payment")?;
    let payment = match item_id(data, "paymentId")? {
        Some(id) => id,
        None => fresh_id(),
    };
    let payer = data.string("payer", "a participant id")?;
    Ok(RecordPayment {
        payment: payment.into(),
        amount: data.number("amount", Code::BadPayment, AMOUNT)?,
        payer: payer.map(|id| on_bill(&id)).transpose()?,
        paid_for: paid_for(data)?,
        method: optional(data, "method", MAX_METHOD_CHARS)?,
        reference: optional(data, "reference", MAX_LABEL_CHARS)?,
        pending: match data.string("status", "paid or pending")?.as_deref() {
            None | Some("paid") => false,
            Some("pending") => true,
            Some(_) => return Err(data.mistyped("status", "paid or pending")),
        },
        excess_is_tip: match data.string("excess", "tip")?.as_deref() {
            None => false,
            Some("tip") => true,
            Some(_) => return Err(data.mistyped("excess", "tip")),
        },
    })
}

pub(super) fn update(data: &Object<'_>) -> Result<PaymentCommand, Rejection> {
    const STATUSES: &str = "paid or failed";
    data.only(&["paymentId", "status"], Code::BadPayment, "update_payment")?;
    let payment = existing(data)?;
    let arrived = match data.string("status", STATUSES)?.as_deref() {
        Some("paid") => true,
        Some("failed") => false,
        Some(_) => return Err(data.mistyped("status", STATUSES)),
        None => return Err(data.missing("status", STATUSES)),
    };
    Ok(PaymentCommand::Update { payment, arrived })
}

pub(super) fn refund(
    data: &Object<'_>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<PaymentCommand, Rejection> {
    // Without an amount, everything is given back: a typo must not do that.
    data.only(&["paymentId", "refundId", "amount", "due"], Code::BadPayment, "refund_payment")?;
    let payment = existing(data)?;
    let refund = item_id(data, "refundId")?.unwrap_or_else(fresh_id).into();
    // An amount that is `null` must not give back everything.
    let amount = data.number_if_there("amount", Code::BadPayment, AMOUNT)?;
    let due = data.boolean("due")?.unwrap_or(true);
    Ok(PaymentCommand::Refund(RefundPayment { payment, refund, amount, due }))
}

fn existing(data: &Object<'_>) -> Result<PaymentId, Rejection> {
    let id = item_id(data, "paymentId")?;
    id.map(PaymentId::from).ok_or_else(|| data.missing("paymentId", "the id of a payment on the order"))
}

/// Reads whose shares are paid: a list of ids, or an object of amounts.
fn paid_for(data: &Object<'_>) -> Result<Option<PaidFor>, Rejection> {
    const EXPECTED: &str = "a list of participant ids, or an object with an amount for each";
    let paid_for = if let Some(ids) = data.strings("for", EXPECTED)? {
        PaidFor::Shares(ids.iter().map(|id| on_bill(id)).collect::<Result<_, _>>()?)
    } else if let Some(amounts) = data.numbers("for", Code::BadPayment, EXPECTED)? {
        PaidFor::Amounts(by_participant(amounts)?)
    } else {
        return Ok(None);
    };
    let nobody = match &paid_for {
        PaidFor::Shares(ids) => ids.is_empty(),
        PaidFor::Amounts(amounts) => amounts.is_empty(),
    };
    if nobody { Err(data.mistyped("for", EXPECTED)) } else { Ok(Some(paid_for)) }
}
