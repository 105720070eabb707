//! What a socket of the first protocol is answered.

use crate::rejection::Rejection;
use crate::wire::history::{room_for, write_page};
use crate::wire::write::Writer;
use crate::{CommandId, ParticipantId, UnixMillis};

/// Writes the answer to a message that was refused.
pub fn error(rejection: &Rejection, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = begun("error", 512);
    json.string_field("error", &rejection.to_string());
    ended(json, id, now, |json| json.rejection(rejection))
}

/// Writes the answer to a command with an id that became the fact with this sequence number. `repeated` says that it was an
/// earlier copy of the command that did.
pub fn ack(id: &CommandId, seq: u64, repeated: bool, now: UnixMillis) -> String {
    ended(begun("ack", 128), Some(id), now, |json| {
        json.whole_field("seq", seq);
        if repeated {
            json.literal_field("repeated", true);
        }
    })
}

/// Writes the answer to a request for history: a page of entries as [`history_entry`](crate::wire::history_entry) gives them,
/// oldest first, and whether there are earlier ones.
pub fn history(entries: &[String], more: bool, id: Option<&CommandId>, now: UnixMillis) -> String {
    ended(begun("history", room_for(entries)), id, now, |json| write_page(json, entries, more))
}

/// Writes the answer to a request for the code of a person's seat.
pub fn seat_code(of: &ParticipantId, code: &str, id: Option<&CommandId>, now: UnixMillis) -> String {
    ended(begun("seat_code", 128), id, now, |json| {
        json.string_field("participantId", of.as_str());
        json.string_field("code", code);
    })
}

/// Begins an answer of this type, most often of so many bytes.
fn begun(kind: &str, bytes: usize) -> Writer {
    let mut json = Writer::with_capacity(bytes);
    json.begin_object();
    json.string_field("type", kind);
    json
}

/// Ends an answer with its data, the id of the message that it answers, and the time.
fn ended(
    mut json: Writer,
    id: Option<&CommandId>,
    now: UnixMillis,
    data: impl FnOnce(&mut Writer),
) -> String {
    json.key("data");
    json.begin_object();
    data(&mut json);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}
