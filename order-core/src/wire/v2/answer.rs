//! Messages of `stonepot.v2` other than events.

use super::state::document;
use crate::rejection::Rejection;
use crate::wire::Frame;
use crate::wire::history::write_page;
use crate::wire::v1::StateWriter;
use crate::wire::write::Writer;
use crate::{CommandId, Order, ParticipantId, Presence, UnixMillis};

/// The contents of [`welcome`] besides the order.
#[derive(Debug, Clone, Copy)]
pub struct Welcome<'a> {
    /// The participant whom the socket speaks for.
    pub participant: &'a ParticipantId,
    /// The token with which another socket can speak for the same participant.
    pub resume_token: &'a str,
    /// The texts of the events that the client missed, oldest first; `None`: it needs the full
    /// state.
    pub missed: Option<&'a [&'a str]>,
    /// The cursor with which the client can resume from here.
    pub cursor: &'a str,
    /// The server's time.
    pub now: UnixMillis,
}

/// Encodes the first message to a socket that has joined or resumed: who it is, and the order.
pub fn welcome(order: &Order, presence: &Presence, about: &Welcome<'_>) -> Frame {
    let mut json = Writer::with_capacity(512);
    json.begin_object();
    json.string_field("type", "welcome");
    json.string_field("participantId", about.participant.as_str());
    if let Some(phone) = order.person(about.participant).and_then(|person| person.phone()) {
        json.string_field("phone", phone.as_str());
    }
    json.string_field("resumeToken", about.resume_token);
    json.whole_field("now", about.now.get());
    json.whole_field("seq", order.seq());
    json.string_field("cursor", about.cursor);
    online(&mut json, presence);
    json.literal_field("resumed", about.missed.is_some());
    match about.missed {
        Some(events) => {
            json.key("events");
            json.begin_list();
            for event in events {
                json.literal(event);
            }
            json.end_list();
            json.end_object();
            Frame::whole(json.into_text())
        }
        None => with_full_state(json, order),
    }
}

/// Encodes a page of history: entries of [`history_entry`](crate::wire::history_entry), oldest
/// first.
pub fn history(entries: &[String], more: bool, id: Option<&CommandId>) -> String {
    let mut json = Writer::with_capacity(512);
    json.begin_object();
    json.string_field("type", "history");
    answers(&mut json, id);
    write_page(&mut json, entries, more);
    json.end_object();
    json.into_text()
}

/// Encodes the full state, for a socket that asked for it or fell behind. `cursor`: where to
/// resume.
pub fn state(order: &Order, presence: &Presence, cursor: &str, id: Option<&CommandId>) -> Frame {
    let mut json = Writer::with_capacity(512);
    json.begin_object();
    json.string_field("type", "state");
    answers(&mut json, id);
    json.whole_field("seq", order.seq());
    json.string_field("cursor", cursor);
    online(&mut json, presence);
    with_full_state(json, order)
}

/// Ends a message with the state document, which is shared until the order changes.
fn with_full_state(mut json: Writer, order: &Order) -> Frame {
    let document = document(order);
    json.string_field("checksum", &document.checksum);
    json.key("state");
    Frame::new(json.into_text(), Vec::new(), Some(document.text.clone()), "}".to_owned())
}

/// Encodes that a command became the fact `seq`. `repeated`: it had been carried out before.
pub fn ack(id: &CommandId, seq: u64, repeated: bool) -> String {
    let mut json = Writer::with_capacity(96);
    json.begin_object();
    json.string_field("type", "ack");
    json.string_field("id", id.as_str());
    json.whole_field("seq", seq);
    if repeated {
        json.literal_field("repeated", true);
    }
    json.end_object();
    json.into_text()
}

/// Encodes the rejection of a message.
pub fn reject(rejection: &Rejection, id: Option<&CommandId>) -> String {
    let mut json = Writer::with_capacity(256);
    json.begin_object();
    json.string_field("type", "reject");
    json.key("id");
    match id {
        Some(id) => json.string(id.as_str()),
        None => json.literal("null"),
    }
    json.rejection(rejection);
    json.end_object();
    json.into_text()
}

/// Encodes the code of a person's seat.
pub fn seat_code(of: &ParticipantId, code: &str, id: Option<&CommandId>) -> String {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "seat_code");
    answers(&mut json, id);
    json.string_field("participantId", of.as_str());
    json.string_field("code", code);
    json.end_object();
    json.into_text()
}

/// Encodes the bill: what everybody pays, and what has been paid.
pub fn bill(order: &Order, id: Option<&CommandId>) -> Frame {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "bill");
    answers(&mut json, id);
    json.whole_field("seq", order.seq());
    json.amount_field("total", order.total(), order.currency());
    let bill = StateWriter::bill_text(order).clone();
    Frame::new(json.into_text(), Vec::new(), Some(bill), "}".to_owned())
}

/// Encodes the checksum of the state document, for a client to compare its own with.
pub fn checksum_answer(order: &Order, id: Option<&CommandId>) -> String {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "checksum");
    answers(&mut json, id);
    json.whole_field("seq", order.seq());
    json.string_field("checksum", &document(order).checksum);
    json.end_object();
    json.into_text()
}

/// Encodes a participant's presence. It is never stored, and not part of the state.
pub fn presence(presence: &Presence, who: &ParticipantId) -> String {
    let mut json = Writer::with_capacity(160);
    json.begin_object();
    json.string_field("type", "presence");
    json.string_field("participantId", who.as_str());
    json.literal_field("online", presence.is_online(who));
    markers(&mut json, presence, who);
    json.end_object();
    json.into_text()
}

fn online(json: &mut Writer, presence: &Presence) {
    json.key("online");
    json.begin_list();
    for who in presence.online() {
        json.begin_object();
        json.string_field("participantId", who.as_str());
        markers(json, presence, who);
        json.end_object();
    }
    json.end_list();
}

fn markers(json: &mut Writer, presence: &Presence, who: &ParticipantId) {
    let markers = presence.markers(who);
    json.literal_field("typing", markers.typing);
    json.literal_field("speaking", markers.speaking);
}

fn answers(json: &mut Writer, id: Option<&CommandId>) {
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
}
