//! Reads messages from clients of `stonepot.v2`.

use crate::command::PeopleCommand;
use crate::rejection::Rejection;
use crate::wire::fields::named;
use crate::wire::history::HistoryPage;
use crate::wire::inbound::{CommandMessage, Inbound, Refused, Request, command_id, digest};
use crate::wire::json::Object;
use crate::wire::read::read;
use crate::{Command, ItemId, ParticipantId, Stamp};
use std::borrow::Cow;

/// Reads a message of `stonepot.v2`, in which every command has an id. `fresh_id` makes the id of an item for which the client gave none.
///
/// # Errors
/// When the message is not valid by the protocol, whatever the order.
pub fn decode(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<Inbound, Refused> {
    decode_from(None, text, fresh_id)
}

/// Reads a message of `stonepot.v2` from a connection that has signed in: a join that names no participant is a join of this one.
///
/// # Errors
/// As [`decode`].
pub fn decode_from(
    signed_in: Option<&ParticipantId>,
    text: &str,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<Inbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    let refused = |rejection| Refused { id: id.clone(), rejection };
    let participant = named(&message).map_err(refused)?;
    if let Some(request) = request(&message).map_err(refused)? {
        return Ok(Inbound::Request { id, participant, request });
    }
    let (participant, command) = read(&message, signed_in, fresh_id).map_err(refused)?;
    let Some(id) = id.clone() else {
        return Err(refused(message.missing("id", "an id of your choice; the answer repeats it")));
    };
    let stamp = Some(Stamp::new(id, digest(&message, participant.as_ref())));
    // Anything but a cursor of this history gets the full state, as do the numbers that earlier
    // clients send.
    let joins = matches!(command, Command::People(PeopleCommand::Join(_)));
    let since = if joins { message.string("since", "a cursor").ok().flatten() } else { None };
    let since = since.map(Cow::into_owned);
    Ok(Inbound::Command(CommandMessage { stamp, participant, command, since }))
}

fn request(message: &Object<'_>) -> Result<Option<Request>, Rejection> {
    Ok(match message.string("type", "a string")?.as_deref() {
        Some("get_state") => Some(Request::State),
        Some("get_bill") => Some(Request::Bill),
        Some("get_checksum") => Some(Request::Checksum),
        Some("history") => Some(Request::History(HistoryPage::read(message)?)),
        Some("seat_code") => Some(Request::seat_code(message)?),
        Some("presence") => {
            let data = message.object("data", "data.", "an object")?;
            Some(Request::Presence { typing: data.boolean("typing")?, speaking: data.boolean("speaking")? })
        }
        _ => None,
    })
}
