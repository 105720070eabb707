//! The order's full state, as clients read it.

mod bill;

use std::ops::Range;

use crate::split::{Weight, shares};
use crate::value::text::Text;
use crate::wire::frame::{Frame, PhoneSlot, SharedText};
use crate::wire::write::Writer;
use crate::wire::written::{ItemText, PersonText, RestOfState};
use crate::{Amount, Item, Order, Participant, Presence, Role, Status};

/// A rough size of one item's text, to reserve room for it.
const ITEM_BYTES: usize = 256;

/// A message under construction, which remembers where phone numbers belong.
pub(in crate::wire) struct StateWriter {
    pub(in crate::wire) json: Writer,
    phones: Vec<PhoneSlot>,
    /// What is shared, once that was put in, and what stands before it.
    before: Option<(String, SharedText)>,
}

impl StateWriter {
    /// For a message of about so many items and people.
    pub(in crate::wire) fn of_entries(entries: usize) -> Self {
        Self::from(Writer::with_capacity(entries.saturating_add(4).saturating_mul(ITEM_BYTES)))
    }

    /// For the rest of a text that is as long as a state of the order.
    fn rest_of(order: &Order) -> Self {
        let entries = order.items().len().saturating_add(order.people().len()).saturating_add(4);
        Self::from(Writer::to_go_on(entries.saturating_mul(ITEM_BYTES)))
    }

    /// Puts in what other messages have too. It happens once at the most.
    fn share(&mut self, text: &SharedText) {
        let front = std::mem::replace(&mut self.json, Writer::to_go_on(0)).into_text();
        self.before = Some((front, text.clone()));
    }

    /// The message that was written.
    pub(in crate::wire) fn into_frame(self) -> Frame {
        match self.before {
            Some((front, shared)) => Frame::new(front, self.phones, Some(shared), self.json.into_text()),
            None => Frame::new(self.json.into_text(), self.phones, None, String::new()),
        }
    }

    /// Writes the state as an object; `role`, where given, stands at its end.
    pub(in crate::wire) fn state(&mut self, order: &Order, presence: &Presence, role: Option<Role>) {
        self.begin_state(order, presence);
        if let Some(role) = role {
            self.json.string_field("role", role.as_str());
        }
        self.json.end_object();
    }

    /// Writes the state as an object that is yet to be ended.
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

    /// Writes what follows the participants, of which nothing depends on who is there.
    fn rest_of_state(order: &Order) -> RestOfState {
        let mut writer = Self::rest_of(order);
        let bill = writer.after_participants(order);
        RestOfState { text: writer.json.into_text().into(), bill }
    }

    /// The fields of the bill, as they stand in a state: after others.
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

    /// Answers with where the bill stands.
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
        self.json.whole_field("seq", order.seq());
        bill
    }

    fn participants(&mut self, order: &Order, presence: &Presence) {
        let owner = order.owner().map(|owner| owner.id().clone());
        self.json.key("participants");
        self.json.begin_list();
        for person in order.participants() {
            let mut now = None;
            self.json.begin_ready_made(Self::person_text(person, &mut now).entry());
            if let Some(phone) = person.phone() {
                let (owner, at) = (person.id().clone(), self.json.len());
                self.phones.push(PhoneSlot { owner, at, phone: phone.clone() });
            }
            let role = if owner.as_ref() == Some(person.id()) { Role::Owner } else { Role::Member };
            self.json.begin_ready_made("\",\"role\":\"");
            self.json.begin_ready_made(role.as_str());
            self.json.begin_ready_made(if presence.is_online(person.id()) {
                "\",\"isOnline\":true,\"joinedAt\":"
            } else {
                "\",\"isOnline\":false,\"joinedAt\":"
            });
            self.json.whole(person.joined_at().get());
            self.json.end_object();
        }
        self.json.end_list();
    }

    /// What is the same of somebody in every state.
    pub(in crate::wire) fn person_text<'text>(
        person: &'text Participant,
        now: &'text mut Option<PersonText>,
    ) -> &'text PersonText {
        let write = || {
            let mut json = Writer::default();
            json.begin_object();
            json.string_field("id", person.id().as_str());
            json.key("name");
            let name_at = json.len();
            json.string(person.name().as_str());
            let name_ends = json.len();
            json.key("phone");
            json.begin_ready_made("\"");
            let split_at = json.len();
            json.begin_object();
            json.string_field("participantId", person.id().as_str());
            json.string_field("participantName", person.name().as_str());
            json.key("amount");
            PersonText {
                name: person.name().clone(),
                text: json.into_text().into_boxed_str(),
                quoted_name: name_at..name_ends,
                split_at,
            }
        };
        person.written.get_or(now, |text| text.name == *person.name(), write)
    }

    /// Writes one item as an object.
    pub(in crate::wire) fn item(&mut self, order: &Order, item: &Item) {
        let mut now = None;
        let (before, after) = Self::item_text(order, item, &mut now).around_the_name();
        self.json.begin_ready_made(before);
        let mut now = None;
        self.json.begin_ready_made(
            order.added_by(item).map_or("\"\"", |person| Self::person_text(person, &mut now).quoted_name()),
        );
        self.json.ready_made(after);
    }

    /// What is the same of an item in every state.
    pub(in crate::wire) fn item_text<'text>(
        order: &Order,
        item: &'text Item,
        now: &'text mut Option<ItemText>,
    ) -> &'text ItemText {
        let write = || {
            let mut json = Writer::with_capacity(ITEM_BYTES);
            let name_at = Self::item_without_name(&mut json, order, item);
            let mut id = Writer::default();
            id.string(item.id().as_str());
            let id_at = "{\"id\":".len();
            ItemText {
                text: json.into_text().into_boxed_str(),
                id: id_at..id_at.saturating_add(id.len()),
                name_at,
                currency: order.currency(),
            }
        };
        item.written.get_or(now, |text| text.currency == order.currency(), write)
    }

    /// Writes one item as an object that lacks the name of whoever added it, and says where that belongs.
    fn item_without_name(json: &mut Writer, order: &Order, item: &Item) -> usize {
        json.begin_object();
        Self::dish(json, order, item);
        let added_by = order.added_by(item);
        json.string_field("addedBy", added_by.map_or("", |person| person.id().as_str()));
        json.key("addedByName");
        let name_at = json.len();
        json.ready_made("");
        json.whole_field("addedAt", item.added_at().get());
        let its_adders_alone = order
            .shared_by(item)
            .map(|(person, weight)| (person.id(), weight))
            .eq(added_by.map(|person| (person.id(), Weight::ONE)));
        if !its_adders_alone {
            Self::claims(json, order, item);
        }
        json.end_object();
        name_at
    }

    /// Writes whose an item is: an object of weights by participant.
    pub(in crate::wire) fn shared_by(&mut self, order: &Order, item: &Item) {
        Self::claims(&mut self.json, order, item);
    }

    fn claims(json: &mut Writer, order: &Order, item: &Item) {
        json.key("sharedBy");
        json.begin_object();
        for (person, weight) in order.shared_by(item) {
            json.foreign_key(person.id().as_str());
            json.literal(weight.to_decimal());
        }
        json.end_object();
    }

    /// Writes what was ordered, without who ordered it.
    fn dish(json: &mut Writer, order: &Order, item: &Item) {
        json.string_field("id", item.id().as_str());
        json.string_field("dishName", item.dish_name().as_str());
        json.string_field("dishType", item.dish_type().as_str());
        json.whole_field("quantity", item.quantity().pieces());
        json.amount_field("price", item.price().amount(), order.currency());
        json.amount_field("itemTotal", item.total(), order.currency());
        if let Some(customization) = item.customization() {
            json.string_field("customization", customization.as_str());
        }
    }

    /// For clients that know of no other end, an order that is archived is a finalized one.
    fn status(&mut self, order: &Order) {
        let status = if order.is_finalized() { Status::Finalized } else { order.status() };
        self.json.string_field("status", status.as_str());
        if order.status() == Status::Archived {
            self.json.literal_field("archived", true);
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

/// Writes the order as anybody may see it: dishes and sums, but no names, phones or participant ids. It is written once for each
/// change, and shared by all who ask meanwhile.
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
