//! How facts about payments change the state document.

use super::changes::Changes;
use crate::fact::PaymentFact;

pub(super) fn write(changes: &mut Changes<'_>, fact: &PaymentFact) {
    match fact {
        PaymentFact::Recorded(recorded) => changes.put_payment(&recorded.payment),
        PaymentFact::Updated { payment, .. } | PaymentFact::Refunded { payment, .. } => {
            changes.put_payment(payment);
        }
    }
}
