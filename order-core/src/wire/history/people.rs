//! The details of an entry about the people at the table.

use crate::fact::PeopleFact;
use crate::wire::write::{Writer, deadline};
use crate::{Order, ParticipantId};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &PeopleFact) {
    match fact {
        PeopleFact::Joined(joined) => {
            if joined.deadline.is_some() {
                deadline::write(json, joined.deadline.as_deref());
            }
        }
        PeopleFact::Added { who, name } => {
            json.string_field("participantId", who.as_str());
            json.string_field("participantName", name.as_str());
        }
        PeopleFact::Left { .. } => {}
        PeopleFact::ReadySet { ready } => json.literal_field("ready", ready),
        PeopleFact::HandedOver { to } => person(json, before, to),
        PeopleFact::Removed(removed) => person(json, before, &removed.who),
        PeopleFact::Readmitted { who } => person(json, before, who),
    }
}

/// Writes whom it was done to.
pub(super) fn person(json: &mut Writer, before: &Order, id: &ParticipantId) {
    json.string_field("participantId", id.as_str());
    json.string_field("participantName", before.person(id).map_or("", |person| person.name().as_str()));
}
