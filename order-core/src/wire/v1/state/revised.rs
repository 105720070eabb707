//! Corrections in the state, and which revision of the bill it shows.

use super::writer::StateWriter;
use crate::{Correction, Order, Participant};

impl StateWriter {
    /// Writes what changed after the order was finalized. Most orders have none of it.
    pub(super) fn revised(&mut self, order: &Order) {
        if order.revised.is_none() {
            return;
        }
        if !order.corrections().is_empty() {
            self.json.key("corrections");
            self.json.begin_list();
            for correction in order.corrections() {
                self.correction(order, correction);
            }
            self.json.end_list();
        }
        if order.is_revision() {
            self.json.whole_field("revision", order.revision());
        }
    }

    fn correction(&mut self, order: &Order, correction: &Correction) {
        self.json.begin_object();
        self.json.string_field("itemId", correction.item().as_str());
        self.json.string_field("dishName", correction.dish_name().as_str());
        self.amount("price", order, correction.price().amount());
        self.json.whole_field("quantity", correction.pieces_before());
        self.json.whole_field("to", correction.pieces_after());
        self.amount("amount", order, correction.taken_off());
        self.json.key("sharedBy");
        self.json.begin_object();
        for (person, weight) in order.shared_before(correction) {
            self.json.foreign_key(person.id().as_str());
            self.json.literal(weight.to_decimal());
        }
        self.json.end_object();
        self.json.string_field("reason", correction.reason().as_str());
        self.json.whole_field("at", correction.at().get());
        self.json.key("by");
        match order.corrected_by(correction).map(Participant::id) {
            Some(id) => self.json.string(id.as_str()),
            None => self.json.literal("null"),
        }
        self.json.end_object();
    }
}
