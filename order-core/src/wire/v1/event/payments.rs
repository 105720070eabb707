//! Messages about payments.

use crate::PaymentId;
use crate::fact::PaymentFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &PaymentFact) -> Frame {
    match fact {
        PaymentFact::Recorded(recorded) => about_payment(message, "payment_recorded", &recorded.payment),
        PaymentFact::Updated { payment, .. } => about_payment(message, "payment_updated", payment),
        PaymentFact::Refunded { payment, .. } => about_payment(message, "payment_refunded", payment),
    }
}

fn about_payment(message: FactMessage<'_>, kind: &'static str, payment: &PaymentId) -> Frame {
    message.with(kind, |writer| {
        writer.json.string_field("paymentId", payment.as_str());
        if let Some(payment) = message.order.payment(payment) {
            writer.json.key("payment");
            writer.payment(message.order, payment);
        }
    })
}
