//! Transfers between participants in the document.

use super::lists::{id_or_null, list, text_or_null};
use crate::Order;
use crate::order::transfers::RecordedTransfer;
use crate::wire::write::Writer;

pub(in crate::wire::v2) fn transfers(json: &mut Writer, order: &Order) {
    list(json, "transfers", order.transfers().iter(), |json, of| transfer(json, order, of));
}

pub(in crate::wire::v2) fn transfer(json: &mut Writer, order: &Order, transfer: &RecordedTransfer) {
    json.begin_object();
    json.string_field("id", transfer.id().as_str());
    id_or_null(json, "from", order.sender(transfer));
    id_or_null(json, "to", order.receiver(transfer));
    json.amount_field("amount", transfer.amount(), order.currency());
    text_or_null(json, "method", transfer.method());
    text_or_null(json, "reference", transfer.reference());
    json.string_field("status", transfer.status().as_str());
    json.whole_field("recordedAt", transfer.recorded_at().get());
    json.end_object();
}
