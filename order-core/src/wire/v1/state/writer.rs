//! A state under construction.

use crate::wire::frame::{Frame, PhoneSlot, SharedText};
use crate::wire::write::Writer;
use crate::{Amount, Order};

/// The approximate size of one item's text, to reserve room for it.
pub(super) const ITEM_BYTES: usize = 256;

/// A message under construction, with the places of phone numbers.
pub(in crate::wire) struct StateWriter {
    pub(in crate::wire) json: Writer,
    pub(super) phones: Vec<PhoneSlot>,
    /// The text before the shared one, and the shared text, once that was inserted.
    before: Option<(String, SharedText)>,
}

impl StateWriter {
    /// Begins a message of about so many items and people.
    pub(in crate::wire) fn of_entries(entries: usize) -> Self {
        Self::from(Writer::with_capacity(entries.saturating_add(4).saturating_mul(ITEM_BYTES)))
    }

    /// Begins the part of a state that follows fields written elsewhere.
    pub(super) fn rest_of(order: &Order) -> Self {
        let entries = order.items().len().saturating_add(order.people().len()).saturating_add(4);
        Self::from(Writer::to_go_on(entries.saturating_mul(ITEM_BYTES)))
    }

    /// Inserts a text that other messages share. A message can have one such text.
    pub(super) fn share(&mut self, text: &SharedText) {
        let front = std::mem::replace(&mut self.json, Writer::to_go_on(0)).into_text();
        self.before = Some((front, text.clone()));
    }

    /// Ends the message.
    pub(in crate::wire) fn into_frame(self) -> Frame {
        match self.before {
            Some((front, shared)) => Frame::new(front, self.phones, Some(shared), self.json.into_text()),
            None => Frame::new(self.json.into_text(), self.phones, None, String::new()),
        }
    }

    pub(in crate::wire) fn amount(&mut self, key: &'static str, order: &Order, amount: Amount) {
        self.json.amount_field(key, amount, order.currency());
    }
}

impl From<Writer> for StateWriter {
    fn from(json: Writer) -> Self {
        Self { json, phones: Vec::new(), before: None }
    }
}
