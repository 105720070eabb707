//! Messages about presence, and the full state.

use super::message::{about, finish, order_state};
use super::state::StateWriter;
use crate::wire::frame::Frame;
use crate::{Order, ParticipantId, Presence, UnixMillis};

/// Writes the full state, for a socket that has just joined or has fallen behind.
pub fn sync(order: &Order, presence: &Presence, now: UnixMillis) -> Frame {
    let mut writer = StateWriter::of_entries(order.people().len());
    writer.json.begin_object();
    writer.json.string_field("type", "sync");
    writer.json.key("data");
    writer.state(order, presence, None);
    finish(writer, now)
}

/// Writes the message that people came online or went offline. It is about the last of those who `changed`; if there are
/// several, it also lists them all.
pub fn presence_changed(
    order: &Order,
    presence: &Presence,
    changed: &[ParticipantId],
    now: UnixMillis,
) -> Frame {
    about(order, "presence", changed.last(), now, |writer| {
        writer.json.begin_object();
        let is_online = changed.last().is_some_and(|who| presence.is_online(who));
        writer.json.literal_field("isOnline", is_online);
        if changed.len() > 1 {
            writer.json.key("changed");
            writer.json.begin_list();
            for who in changed {
                writer.json.begin_object();
                writer.json.string_field("participantId", who.as_str());
                writer.json.literal_field("isOnline", presence.is_online(who));
                writer.json.end_object();
            }
            writer.json.end_list();
        }
        order_state(writer, order, presence);
    })
}
