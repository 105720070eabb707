//! Payments in the document.

use super::lists::{id_or_null, list, pairs, text_or_null};
use crate::Order;
use crate::order::payments::Payment;
use crate::wire::write::Writer;

pub(super) fn payments(json: &mut Writer, order: &Order) {
    list(json, "payments", order.payments().iter(), |json, paid| payment(json, order, paid));
}

pub(in crate::wire::v2) fn payment(json: &mut Writer, order: &Order, payment: &Payment) {
    let currency = order.currency();
    json.begin_object();
    json.string_field("id", payment.id().as_str());
    id_or_null(json, "payer", order.payer(payment));
    json.amount_field("amount", payment.amount(), currency);
    let parts = order.paid_for(payment).map(|(person, part)| (person.id(), part));
    pairs(json, "for", parts, |json, part| json.amount(part, currency));
    json.amount_field("tip", payment.tip(), currency);
    json.string_field("status", payment.status().as_str());
    json.amount_field("refunded", payment.refunded(), currency);
    json.amount_field("tipRefunded", payment.tip_refunded(), currency);
    list(json, "refunds", payment.refunds().iter(), |json, refund| {
        json.begin_object();
        json.string_field("id", refund.id().as_str());
        json.amount_field("amount", refund.amount(), currency);
        if !refund.is_due_again() {
            json.literal_field("due", false);
        }
        json.end_object();
    });
    text_or_null(json, "method", payment.method());
    text_or_null(json, "reference", payment.reference());
    json.string_field("recordedBy", if payment.is_backends() { "backend" } else { "owner" });
    json.whole_field("recordedAt", payment.recorded_at().get());
    json.end_object();
}
