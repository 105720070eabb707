//! Messages about transfers between participants.

use crate::TransferId;
use crate::fact::TransferFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &TransferFact) -> Frame {
    match fact {
        TransferFact::Recorded(recorded) => about_transfer(message, "transfer_recorded", &recorded.transfer),
        TransferFact::Answered { transfer, .. } => about_transfer(message, "transfer_answered", transfer),
        TransferFact::Cancelled { transfer } => about_transfer(message, "transfer_cancelled", transfer),
    }
}

fn about_transfer(message: FactMessage<'_>, kind: &'static str, transfer: &TransferId) -> Frame {
    message.with(kind, |writer| {
        writer.json.string_field("transferId", transfer.as_str());
        if let Some(transfer) = message.order.transfer(transfer) {
            writer.json.key("transfer");
            writer.transfer(message.order, transfer);
        }
    })
}
