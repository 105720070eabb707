//! Who shares a dish, in the state.

use super::writer::StateWriter;
use crate::wire::write::Writer;
use crate::{Item, Order};

impl StateWriter {
    /// Writes who shares an item: an object of weights by participant.
    pub(in crate::wire) fn shared_by(&mut self, order: &Order, item: &Item) {
        Self::claims(&mut self.json, order, item);
    }

    pub(super) fn claims(json: &mut Writer, order: &Order, item: &Item) {
        json.key("sharedBy");
        json.begin_object();
        for (person, weight) in order.shared_by(item) {
            json.foreign_key(person.id().as_str());
            json.literal(weight.to_decimal());
        }
        json.end_object();
    }
}
