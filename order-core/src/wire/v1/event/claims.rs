//! Messages about who shares a dish.

use crate::fact::ClaimFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, fact: &ClaimFact) -> Frame {
    match fact {
        ClaimFact::Shared { item, .. } => message.with("item_shared", |writer| {
            writer.json.string_field("itemId", item.as_str());
            if let Some(item) = message.order.item(item) {
                writer.shared_by(message.order, item);
            }
        }),
    }
}
