//! Messages from clients.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use super::fields::named;
use super::history::HistoryPage;
use super::json::Object;
use super::read::read;
use crate::command::Command;
use crate::rejection::Rejection;
use crate::{CommandId, ItemId, ParticipantId, Stamp};

/// A message that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The id to answer by and to know the command again by, if the client gave one.
    pub stamp: Option<Stamp>,
    /// Whom the message names as its sender. Only a join is taken at its word; every other message is
    /// carried out as whoever the socket joined as.
    pub participant: Option<ParticipantId>,
    /// What is asked for.
    pub command: Command,
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The id to answer by, where one could be made out.
    pub id: Option<CommandId>,
    /// Why.
    pub rejection: Rejection,
}

/// Reads a client's text message. `fresh_id` makes the id of an item for which the client gave none.
///
/// # Errors
/// When the message is not one of the protocol; the order need not be asked.
pub fn decode(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<Inbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    decode_object(&message, None, fresh_id)
}

fn decode_object(
    message: &Object<'_>,
    signed_in: Option<&ParticipantId>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<Inbound, Refused> {
    let id = command_id(message).map_err(|rejection| Refused { id: None, rejection })?;
    match read(message, signed_in, fresh_id) {
        Ok((participant, command)) => {
            let stamp = id.map(|id| Stamp::new(id, digest(message, participant.as_ref())));
            Ok(Inbound { stamp, participant, command })
        }
        Err(rejection) => Err(Refused { id, rejection }),
    }
}

/// A message of the first protocol that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedInbound {
    /// A command.
    Command(Inbound),
    /// A page of the order's history is asked for.
    History {
        /// The id to answer by, if the client gave one.
        id: Option<CommandId>,
        /// Who says that they ask, if the message says so.
        participant: Option<ParticipantId>,
        /// Which page.
        page: HistoryPage,
    },
}

/// Reads a client's text message, which may also ask for something that changes nothing.
///
/// # Errors
/// As [`decode`].
pub fn decode_any(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<SeedInbound, Refused> {
    decode_any_from(None, text, fresh_id)
}

/// As [`decode_any`], on a connection that has signed in: a join that names no participant is a join of this one.
///
/// # Errors
/// As [`decode`].
pub fn decode_any_from(
    signed_in: Option<&ParticipantId>,
    text: &str,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<SeedInbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    if message.raw("type") != Some("\"history\"") {
        return decode_object(&message, signed_in, fresh_id).map(SeedInbound::Command);
    }
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    let refused = |rejection| Refused { id: id.clone(), rejection };
    let participant = named(&message).map_err(refused)?;
    let page = HistoryPage::read(&message).map_err(refused)?;
    Ok(SeedInbound::History { id, participant, page })
}

impl Inbound {
    /// The id to answer by.
    pub fn id(&self) -> Option<&CommandId> {
        self.stamp.as_ref().map(Stamp::id)
    }
}

pub(super) fn command_id(message: &Object<'_>) -> Result<Option<CommandId>, Rejection> {
    let expected = "a string of 1 to 64 bytes without control or invisible characters";
    let Some(id) = message.string("id", expected)? else { return Ok(None) };
    CommandId::new(&id).map(Some).map_err(|_| message.mistyped("id", expected))
}

/// Equal for messages that ask for the same: `SipHash-2-4` (key zero) of the type, of who is named (in a join, the one
/// message in which that counts) and of `data`, whose white space outside strings does not count. What the server
/// makes up for itself, such as an item's id, is no part of it.
pub(super) fn digest(message: &Object<'_>, participant: Option<&ParticipantId>) -> u64 {
    let mut hasher = SipHasher24::new();
    let joins = message.raw("type") == Some("\"join\"");
    let named = participant.filter(|_| joins).map_or("", ParticipantId::as_str);
    let name = message.raw("participantName").filter(|_| joins);
    for part in [message.raw("type"), Some(named), name] {
        hasher.write(part.unwrap_or_default().as_bytes());
        hasher.write(&[0]);
    }
    let (mut in_string, mut escaped) = (false, false);
    for byte in message.raw("data").unwrap_or_default().bytes() {
        if in_string || !byte.is_ascii_whitespace() {
            hasher.write_u8(byte);
        }
        in_string ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    hasher.finish()
}
