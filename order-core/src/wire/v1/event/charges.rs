//! Messages about charges, discounts and tips.

use crate::fact::ChargeFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &ChargeFact) -> Frame {
    match fact {
        ChargeFact::Set(_) => message.with("charges_updated", |_| {}),
        ChargeFact::TipSet { .. } => message.with("tip_updated", |_| {}),
        ChargeFact::ServiceWaived { waived } => {
            message.with("service_waived", |writer| writer.json.literal_field("waived", waived))
        }
    }
}
