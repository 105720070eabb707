//! People in the state.

use super::writer::StateWriter;
use crate::wire::frame::PhoneSlot;
use crate::wire::write::{Writer, added_by};
use crate::wire::written::PersonText;
use crate::{Order, Participant, Presence, Role};

impl StateWriter {
    pub(super) fn participants(&mut self, order: &Order, presence: &Presence) {
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
            added_by(&mut self.json, person);
            self.json.end_object();
        }
        self.json.end_list();
    }

    /// The cached text of a person, which is the same in every state.
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
}
