//! The changes of an event to the state document.

use crate::fact::Recorded;
use crate::wire::v2::state;
use crate::wire::write::Writer;
use crate::{ItemId, Order, ParticipantId, PaymentId, TransferId};

/// The changes of an event under construction. The order is the one with the fact committed.
pub(super) struct Changes<'a> {
    json: &'a mut Writer,
    pub(super) order: &'a Order,
    pub(super) recorded: &'a Recorded,
    /// Whether the fact changed the rules.
    rules: bool,
}

impl<'a> Changes<'a> {
    pub(super) fn new(json: &'a mut Writer, order: &'a Order, recorded: &'a Recorded) -> Self {
        let rules = order.table.as_ref().is_some_and(|rules| rules.changed_at == recorded.seq);
        Self { json, order, recorded, rules }
    }

    /// Replaces the fields of the document that `fields` writes, and the rules if the fact changed them.
    pub(super) fn set(&mut self, fields: impl FnOnce(&mut Writer, &Order)) {
        self.json.key("set");
        self.json.begin_object();
        fields(self.json, self.order);
        if self.rules {
            state::rules(self.json, self.order);
        }
        self.json.end_object();
    }

    /// As [`Changes::set`], with fields that follow the rules in the document. A client that has none of them appends them,
    /// so the rules come first, even where all of them are the defaults.
    pub(super) fn set_with_later(
        &mut self,
        fields: impl FnOnce(&mut Writer, &Order),
        later: impl FnOnce(&mut Writer, &Order),
    ) {
        self.json.key("set");
        self.json.begin_object();
        fields(self.json, self.order);
        if self.rules || self.order.table.is_none() {
            state::rules(self.json, self.order);
        }
        later(self.json, self.order);
        self.json.end_object();
    }

    /// Replaces the rules if the fact changed them, and no other field.
    pub(super) fn set_rules(&mut self) {
        if self.rules {
            self.set(|_, _| {});
        }
    }

    pub(super) fn put_participant(&mut self, id: Option<&ParticipantId>) {
        let order = self.order;
        if let Some(person) = id.and_then(|id| order.person(id)) {
            self.put("participants", |json| state::participant(json, person));
        }
    }

    pub(super) fn put_item(&mut self, id: &ItemId) {
        let order = self.order;
        if let Some(item) = order.item(id) {
            self.put("items", |json| state::item(json, order, item));
        }
    }

    pub(super) fn put_payment(&mut self, id: &PaymentId) {
        let order = self.order;
        if let Some(payment) = order.payment(id) {
            self.put("payments", |json| state::payment(json, order, payment));
        }
    }

    /// Writes a line that was corrected, if it is still there, and the correction, unless it is the first.
    pub(super) fn put_corrected(&mut self, id: &ItemId) {
        let order = self.order;
        let item = order.item(id);
        let correction = order.corrections().last().filter(|_| order.corrections().len() > 1);
        if item.is_none() && correction.is_none() {
            return;
        }
        self.json.key("put");
        self.json.begin_object();
        if let Some(item) = item {
            self.json.key("items");
            state::item(self.json, order, item);
        }
        if let Some(correction) = correction {
            self.json.key("corrections");
            state::correction(self.json, order, correction);
        }
        self.json.end_object();
    }

    /// The first transfer brings the list, which the document of the client does not have yet, and the fields before it.
    pub(super) fn put_transfer(&mut self, id: &TransferId) {
        let order = self.order;
        if let [_] = order.transfers() {
            self.set_with_later(
                |_, _| {},
                |json, order| {
                    state::corrections(json, order);
                    state::revision(json, order);
                    state::transfers(json, order);
                },
            );
        } else if let Some(transfer) = order.transfer(id) {
            self.put("transfers", |json| state::transfer(json, order, transfer));
        }
    }

    pub(super) fn remove_item(&mut self, id: &ItemId) {
        self.json.key("remove");
        self.json.begin_object();
        self.json.string_field("items", id.as_str());
        self.json.end_object();
    }

    /// Writes one entry of a list. It replaces the entry with the same id, or is appended.
    fn put(&mut self, list: &'static str, entry: impl FnOnce(&mut Writer)) {
        self.json.key("put");
        self.json.begin_object();
        self.json.key(list);
        entry(self.json);
        self.json.end_object();
    }
}
