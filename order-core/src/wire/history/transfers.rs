//! The details of an entry about a transfer between participants.

use crate::fact::TransferFact;
use crate::wire::write::Writer;
use crate::{Amount, Order, Participant, TransferId};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &TransferFact) {
    match fact {
        TransferFact::Recorded(transfer) => {
            json.string_field("transferId", transfer.transfer.as_str());
            between(
                json,
                before,
                before.person(&transfer.from),
                before.person(&transfer.to),
                transfer.amount,
            );
        }
        TransferFact::Answered { transfer, confirmed } => {
            existing(json, before, transfer);
            json.literal_field("confirmed", confirmed);
        }
        TransferFact::Cancelled { transfer } => existing(json, before, transfer),
    }
}

fn existing(json: &mut Writer, before: &Order, id: &TransferId) {
    json.string_field("transferId", id.as_str());
    if let Some(transfer) = before.transfer(id) {
        between(json, before, before.sender(transfer), before.receiver(transfer), transfer.amount());
    }
}

fn between(
    json: &mut Writer,
    before: &Order,
    from: Option<&Participant>,
    to: Option<&Participant>,
    amount: Amount,
) {
    for (key, name_key, person) in [("from", "fromName", from), ("to", "toName", to)] {
        if let Some(person) = person {
            json.string_field(key, person.id().as_str());
            json.string_field(name_key, person.name().as_str());
        }
    }
    json.amount_field("amount", amount, before.currency());
}
