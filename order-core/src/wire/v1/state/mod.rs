//! The order's full state in the first protocol. Each topic's fields are written in the file of that topic.

mod bill;
mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod revised;
mod split;
mod table;
mod transfers;
mod view;
mod writer;

pub use view::public_view;
pub(in crate::wire) use writer::StateWriter;

use std::ops::Range;

use crate::value::text::Text;
use crate::wire::frame::SharedText;
use crate::wire::written::RestOfState;
use crate::{Order, Presence, Role};

impl StateWriter {
    /// Writes the state as an object; `role`, if given, is its last field.
    pub(in crate::wire) fn state(&mut self, order: &Order, presence: &Presence, role: Option<Role>) {
        self.begin_state(order, presence);
        if let Some(role) = role {
            self.json.string_field("role", role.as_str());
        }
        self.json.end_object();
    }

    /// Writes the state as an object and leaves it open.
    pub(in crate::wire) fn begin_state(&mut self, order: &Order, presence: &Presence) {
        self.json.begin_object();
        self.json.string_field("circleId", order.circle_id().map_or("", Text::as_str));
        self.json.string_field("tenantId", order.tenant_id().map_or("", Text::as_str));
        self.json.string_field("sessionId", order.id().as_str());
        let initiated_by = order.initiated_by().map_or("", |person| person.id().as_str());
        self.json.string_field("initiatedBy", initiated_by);
        self.participants(order, presence);
        self.share(&order.texts.rest_of_state.get_or_init(|| Self::rest_of_state(order)).text);
    }

    /// Writes what follows the participants. It does not depend on who is connected.
    fn rest_of_state(order: &Order) -> RestOfState {
        let mut writer = Self::rest_of(order);
        let bill = writer.after_participants(order);
        RestOfState { text: writer.json.into_text().into(), bill }
    }

    /// The cached fields of the bill, as they follow other fields in a state.
    pub(in crate::wire) fn bill_text(order: &Order) -> &SharedText {
        let texts = &order.texts;
        texts.bill.get_or_init(|| {
            if let Some(bill) = texts.rest_of_state.get().and_then(RestOfState::bill) {
                return bill.to_owned().into();
            }
            let mut writer = Self::rest_of(order);
            writer.bill(order);
            writer.json.into_text().into()
        })
    }

    /// Writes what follows the participants, and returns where in it the bill stands.
    fn after_participants(&mut self, order: &Order) -> Range<usize> {
        self.json.key("items");
        self.json.begin_list();
        for item in order.items() {
            self.item(order, item);
        }
        self.json.end_list();
        self.amount("total", order, order.total());
        self.json.string_field("splitType", order.split_rule().as_str());
        self.status(order);
        self.json.whole_field("createdAt", order.created_at().get());
        self.json.whole_field("updatedAt", order.updated_at().get());
        self.json.string_field("currency", order.currency().code());
        self.json.key("ownerId");
        match order.owner() {
            Some(owner) => self.json.string(owner.id().as_str()),
            None => self.json.literal("null"),
        }
        let bill_at = self.json.len();
        match order.texts.bill.get() {
            Some(bill) => self.json.go_on(bill),
            None => self.bill(order),
        }
        let bill = bill_at..self.json.len();
        self.rules(order);
        self.revised(order);
        self.json.whole_field("seq", order.seq());
        bill
    }
}
