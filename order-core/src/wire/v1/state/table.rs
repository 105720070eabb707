//! What holds for the table as a whole, in the state.

use super::writer::StateWriter;
use crate::wire::write::{deadline, limits};
use crate::{Order, Participant, Policy, Status};

impl StateWriter {
    /// Writes the rules that differ from the defaults.
    pub(super) fn rules(&mut self, order: &Order) {
        if order.table.is_none() {
            return;
        }
        let house = order.table_rules();
        if house.policy != Policy::default() {
            self.json.string_field("policy", house.policy.as_str());
        }
        if house.finalize_when_ready {
            self.json.literal_field("finalizeWhenReady", true);
        }
        if order.is_locked() {
            self.json.literal_field("locked", true);
        }
        if order.limits().next().is_some() {
            self.json.key("limits");
            self.json.begin_object();
            for (person, limit) in order.limits() {
                self.json.foreign_key(person.id().as_str());
                self.json.amount(limit, order.currency());
            }
            self.json.end_object();
        }
        limits::of_several(&mut self.json, order);
        if order.deadline().is_some() {
            deadline::write(&mut self.json, order.deadline());
        }
        self.people("ready", order.ready());
        self.people("removed", order.removed());
    }

    /// Writes a list of ids, if there is anybody to write.
    fn people<'order>(&mut self, key: &'static str, people: impl Iterator<Item = &'order Participant>) {
        let mut people = people.peekable();
        if people.peek().is_none() {
            return;
        }
        self.json.key(key);
        self.json.begin_list();
        for person in people {
            self.json.string(person.id().as_str());
        }
        self.json.end_list();
    }

    /// Writes the status. Clients that know no other end see an archived order as finalized.
    pub(super) fn status(&mut self, order: &Order) {
        let status = if order.is_finalized() { Status::Finalized } else { order.status() };
        self.json.string_field("status", status.as_str());
        if order.status() == Status::Archived {
            self.json.literal_field("archived", true);
        }
    }
}
