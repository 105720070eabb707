//! Transfers between participants in the state, and whether anybody still owes.

use super::writer::StateWriter;
use crate::Order;
use crate::order::transfers::RecordedTransfer;

impl StateWriter {
    /// Writes the transfers, and `allSettled`: nobody owes anything, the restaurant included. An order without transfers has
    /// neither field; there it follows from `settlement`.
    pub(super) fn transfers(&mut self, order: &Order, is_even: bool) {
        if order.transfers().is_empty() {
            return;
        }
        self.json.key("transfers");
        self.json.begin_list();
        for transfer in order.transfers() {
            self.transfer(order, transfer);
        }
        self.json.end_list();
        self.json.literal_field("allSettled", order.is_finalized() && is_even);
    }

    /// Writes one transfer as an object.
    pub(in crate::wire) fn transfer(&mut self, order: &Order, transfer: &RecordedTransfer) {
        self.json.begin_object();
        self.json.string_field("transferId", transfer.id().as_str());
        self.person_or_null("from", "fromName", order.sender(transfer));
        self.person_or_null("to", "toName", order.receiver(transfer));
        self.amount("amount", order, transfer.amount());
        if let Some(method) = transfer.method() {
            self.json.string_field("method", method.as_str());
        }
        if let Some(reference) = transfer.reference() {
            self.json.string_field("reference", reference.as_str());
        }
        self.json.string_field("status", transfer.status().as_str());
        self.json.whole_field("recordedAt", transfer.recorded_at().get());
        self.json.end_object();
    }
}
