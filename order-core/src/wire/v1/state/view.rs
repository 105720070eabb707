//! The public view of an order, for people who have not joined.

use super::writer::StateWriter;
use crate::Order;
use crate::split::shares;
use crate::wire::frame::SharedText;

/// Encodes the order for the public: dishes and sums, but no names, phone numbers or
/// participant ids. It is written once after each change, and shared by all readers.
pub fn public_view(order: &Order) -> SharedText {
    order.texts.view.get_or_init(|| write_public_view(order).into()).clone()
}

fn write_public_view(order: &Order) -> String {
    let mut writer = StateWriter::of_entries(order.items().len());
    writer.json.begin_object();
    writer.json.string_field("sessionId", order.id().as_str());
    writer.status(order);
    writer.json.string_field("currency", order.currency().code());
    writer.json.whole_field("participantCount", order.participants().count());
    writer.json.key("items");
    writer.json.begin_list();
    for item in order.items() {
        writer.json.begin_object();
        StateWriter::dish(&mut writer.json, order, item);
        writer.json.whole_field("addedAt", item.added_at().get());
        writer.json.end_object();
    }
    writer.json.end_list();
    writer.amount("total", order, order.total());
    writer.amount("amountDue", order, shares(order).amount_due());
    writer.json.string_field("splitType", order.split_rule().as_str());
    writer.json.whole_field("createdAt", order.created_at().get());
    writer.json.whole_field("updatedAt", order.updated_at().get());
    writer.json.whole_field("seq", order.seq());
    writer.json.end_object();
    writer.json.into_text()
}
