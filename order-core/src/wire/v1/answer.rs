//! What a socket of the first protocol is answered.

use crate::rejection::Rejection;
use crate::wire::history::{room_for, write_page};
use crate::wire::write::Writer;
use crate::{CommandId, ParticipantId, UnixMillis};

/// Writes the answer to a message that was refused.
pub fn error(rejection: &Rejection, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(512);
    json.begin_object();
    json.string_field("type", "error");
    json.string_field("error", &rejection.to_string());
    json.key("data");
    json.begin_object();
    json.rejection(rejection);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// Writes the answer to a command with an id that became the fact with this sequence number. `repeated` says that it was an
/// earlier copy of the command that did.
pub fn ack(id: &CommandId, seq: u64, repeated: bool, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "ack");
    json.key("data");
    json.begin_object();
    json.whole_field("seq", seq);
    if repeated {
        json.literal_field("repeated", true);
    }
    json.end_object();
    json.string_field("id", id.as_str());
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// Writes the answer to a request for history: a page of entries as [`history_entry`](crate::wire::history_entry) gives them,
/// oldest first, and whether there are earlier ones.
pub fn history(entries: &[String], more: bool, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(room_for(entries));
    json.begin_object();
    json.string_field("type", "history");
    json.key("data");
    json.begin_object();
    write_page(&mut json, entries, more);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// Writes the answer to a request for the code of a person's seat.
pub fn seat_code(of: &ParticipantId, code: &str, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "seat_code");
    json.key("data");
    json.begin_object();
    json.string_field("participantId", of.as_str());
    json.string_field("code", code);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}
