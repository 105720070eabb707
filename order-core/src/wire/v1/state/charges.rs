//! Charges and tips in the state.

use super::writer::StateWriter;
use crate::Order;
use crate::bill::OddUnits;
use crate::wire::write::charge;

impl StateWriter {
    /// Writes the charges as they were set, so that the owner can edit them and set them again.
    pub(super) fn charges(&mut self, order: &Order) {
        self.json.key("charges");
        self.json.begin_list();
        for charge in order.charges() {
            charge::write(&mut self.json, charge, order.currency());
        }
        self.json.end_list();
        self.json.key("tips");
        self.json.begin_list();
        for (person, tip) in order.tips() {
            self.json.begin_object();
            self.json.string_field("participantId", person.id().as_str());
            charge::write_value(&mut self.json, tip, order.currency());
            self.json.end_object();
        }
        self.json.end_list();
        self.json.key("withoutService");
        self.json.begin_list();
        for person in order.without_service() {
            self.json.string(person.id().as_str());
        }
        self.json.end_list();
        if let Some(coin) = order.round_to() {
            self.amount("roundTo", order, coin);
        }
        if let Some(coin) = order.round_shares_to() {
            self.amount("roundSharesTo", order, coin);
        }
        if order.odd_units() != OddUnits::default() {
            self.json.string_field("rounding", order.odd_units().as_str());
        }
    }
}
