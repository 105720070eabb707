//! The envelope of messages that carry the whole order.

use super::state::StateWriter;
use crate::fact::Recorded;
use crate::wire::frame::Frame;
use crate::{Order, ParticipantId, Presence, UnixMillis};

/// A message about a fact, under construction. The order has that fact committed.
#[derive(Clone, Copy)]
pub(super) struct FactMessage<'a> {
    pub(super) order: &'a Order,
    pub(super) presence: &'a Presence,
    pub(super) recorded: &'a Recorded,
}

impl<'a> FactMessage<'a> {
    /// The participant who caused the fact; none if it was the back end or the clock.
    pub(super) fn by(self) -> Option<&'a ParticipantId> {
        self.recorded.by.id()
    }

    /// Writes a message whose data are a few fields, then the order.
    pub(super) fn with(self, kind: &'static str, fields: impl FnOnce(&mut StateWriter)) -> Frame {
        let Self { order, presence, recorded } = self;
        about(order, kind, recorded.by.id(), recorded.at, |writer| {
            writer.json.begin_object();
            fields(writer);
            order_state(writer, order, presence);
        })
    }

    /// Writes a message whose data are the order.
    pub(super) fn whole(self, kind: &'static str) -> Frame {
        let Self { order, presence, recorded } = self;
        about(order, kind, recorded.by.id(), recorded.at, |writer| writer.state(order, presence, None))
    }
}

/// Writes a message around what `data` writes. It names a participant, or nobody if the back end or the clock acted.
pub(super) fn about(
    order: &Order,
    kind: &'static str,
    who: Option<&ParticipantId>,
    at: UnixMillis,
    data: impl FnOnce(&mut StateWriter),
) -> Frame {
    let mut writer = StateWriter::of_entries(order.people().len());
    writer.json.begin_object();
    writer.json.string_field("type", kind);
    writer.json.string_field("participantId", who.map_or("", ParticipantId::as_str));
    let name = who.and_then(|who| order.person(who)).map_or("", |person| person.name().as_str());
    writer.json.string_field("participantName", name);
    writer.json.key("data");
    data(&mut writer);
    finish(writer, at)
}

/// Ends a `data` object that has fields of its own with the order state.
pub(super) fn order_state(writer: &mut StateWriter, order: &Order, presence: &Presence) {
    writer.json.key("orderState");
    writer.state(order, presence, None);
    writer.json.end_object();
}

/// Ends a message.
pub(super) fn finish(mut writer: StateWriter, at: UnixMillis) -> Frame {
    writer.json.whole_field("timestamp", at.get());
    writer.json.end_object();
    writer.into_frame()
}
