//! Messages about the people at the table.

use crate::fact::PeopleFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::{FactMessage, about};
use crate::{Order, ParticipantId, Presence, UnixMillis};

pub(super) fn message(message: FactMessage<'_>, fact: &PeopleFact) -> Frame {
    let FactMessage { order, presence, recorded } = message;
    match fact {
        PeopleFact::Joined(_) => participant_joined(order, presence, message.by(), recorded.at),
        PeopleFact::Added { who, name } => message.with("participant_added", |writer| {
            writer.json.string_field("participantId", who.as_str());
            writer.json.string_field("participantName", name.as_str());
        }),
        PeopleFact::Left { .. } => message.whole("participant_left"),
        PeopleFact::ReadySet { ready } => {
            message.with("ready_updated", |writer| writer.json.literal_field("ready", ready))
        }
        PeopleFact::HandedOver { to } => {
            message.with("owner_changed", |writer| writer.json.string_field("ownerId", to.as_str()))
        }
        // The first protocol has no message for it: to its clients, they left.
        PeopleFact::Removed(removed) => {
            about(order, "participant_left", Some(&removed.who), recorded.at, |writer| {
                writer.begin_state(order, presence);
                writer.json.string_field("removedBy", message.by().map_or("", ParticipantId::as_str));
                writer.json.end_object();
            })
        }
        PeopleFact::Readmitted { who } => message.with("participant_readmitted", |writer| {
            writer.json.string_field("participantId", who.as_str());
        }),
    }
}

/// Writes the message that somebody joined: for everybody when that is a fact, for them alone when they only came back.
pub fn joined(order: &Order, presence: &Presence, who: &ParticipantId, at: UnixMillis) -> Frame {
    participant_joined(order, presence, Some(who), at)
}

fn participant_joined(
    order: &Order,
    presence: &Presence,
    who: Option<&ParticipantId>,
    at: UnixMillis,
) -> Frame {
    about(order, "participant_joined", who, at, |writer| {
        writer.state(order, presence, who.and_then(|who| order.role(who)));
    })
}
