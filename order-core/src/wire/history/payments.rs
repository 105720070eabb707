//! The details of an entry about a payment.

use crate::Order;
use crate::fact::PaymentFact;
use crate::wire::write::Writer;

pub(super) fn details(json: &mut Writer, before: &Order, fact: &PaymentFact) {
    let currency = before.currency();
    match fact {
        PaymentFact::Recorded(payment) => {
            json.string_field("paymentId", payment.payment.as_str());
            json.string_field("payer", payment.payer.as_str());
            json.amount_field("amount", payment.amount, currency);
        }
        PaymentFact::Updated { payment, status } => {
            json.string_field("paymentId", payment.as_str());
            json.string_field("status", status.as_str());
        }
        PaymentFact::Refunded { payment, amount, written_off, .. } => {
            json.string_field("paymentId", payment.as_str());
            json.amount_field("amount", *amount, currency);
            if written_off.is_some() {
                json.literal_field("due", false);
            }
        }
    }
}
