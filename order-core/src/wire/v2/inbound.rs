//! Messages from clients of `stonepot.v2`.

use crate::command::PeopleCommand;
use crate::rejection::Rejection;
use crate::wire::fields::named;
use crate::wire::history::HistoryPage;
use crate::wire::inbound::{Inbound, Refused, command_id, digest};
use crate::wire::json::Object;
use crate::wire::read::read;
use crate::{Command, CommandId, ItemId, ParticipantId, Stamp};
use std::borrow::Cow;

/// A message that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum V2Inbound {
    /// A command. It always has an id.
    Command {
        /// What is asked for, as in the first protocol.
        inbound: Inbound,
        /// The cursor of the last event that the client has folded, as it says in a join. It need not be one.
        since: Option<String>,
    },
    /// Anything else.
    Request {
        /// The id to answer by, if the client gave one.
        id: Option<CommandId>,
        /// Who says that they ask, if the message says so.
        participant: Option<ParticipantId>,
        /// What is asked for.
        request: Request,
    },
}

/// What a client can ask for that changes nothing which is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// The full state.
    State,
    /// What everybody pays.
    Bill,
    /// The checksum of the state.
    Checksum,
    /// Who did what and when.
    History(HistoryPage),
    /// Let the others know that this person types or speaks, or no longer does.
    Presence {
        /// Whether they type, where that is said.
        typing: Option<bool>,
        /// Whether they speak, where that is said.
        speaking: Option<bool>,
    },
}

/// Reads a client's text message. `fresh_id` makes the id of an item for which the client gave none.
///
/// # Errors
/// When the message is not one of the protocol; the order need not be asked.
pub fn decode(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<V2Inbound, Refused> {
    decode_from(None, text, fresh_id)
}

/// As [`decode`], on a connection that has signed in: a join that names no participant is a join of this one.
///
/// # Errors
/// As [`decode`].
pub fn decode_from(
    signed_in: Option<&ParticipantId>,
    text: &str,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<V2Inbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    let refused = |rejection| Refused { id: id.clone(), rejection };
    let participant = named(&message).map_err(refused)?;
    if let Some(request) = request(&message).map_err(refused)? {
        return Ok(V2Inbound::Request { id, participant, request });
    }
    let (participant, command) = read(&message, signed_in, fresh_id).map_err(refused)?;
    let Some(id) = id.clone() else {
        return Err(refused(message.missing("id", "an id that the client makes, to know the answer by")));
    };
    let stamp = Some(Stamp::new(id, digest(&message, participant.as_ref())));
    // Anything but a cursor of this history gets the full state, and so does what earlier clients send: a number.
    let joins = matches!(command, Command::People(PeopleCommand::Join(_)));
    let since = if joins { message.string("since", "a cursor").ok().flatten() } else { None };
    Ok(V2Inbound::Command {
        inbound: Inbound { stamp, participant, command },
        since: since.map(Cow::into_owned),
    })
}

fn request(message: &Object<'_>) -> Result<Option<Request>, Rejection> {
    Ok(match message.string("type", "a string")?.as_deref() {
        Some("get_state") => Some(Request::State),
        Some("get_bill") => Some(Request::Bill),
        Some("get_checksum") => Some(Request::Checksum),
        Some("history") => Some(Request::History(HistoryPage::read(message)?)),
        Some("presence") => {
            let data = message.object("data", "data.", "an object")?;
            Some(Request::Presence { typing: data.boolean("typing")?, speaking: data.boolean("speaking")? })
        }
        _ => None,
    })
}
