//! Messages from clients, and how those of the first protocol are read.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use super::fields::{data, named, participant};
use super::history::HistoryPage;
use super::json::Object;
use super::read::read;
use crate::command::{Command, PeopleCommand};
use crate::rejection::Rejection;
use crate::{CommandId, ItemId, ParticipantId, Stamp};

/// A message from a client, in either protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// A command, which may change the order.
    Command(CommandMessage),
    /// A request, which changes nothing that is stored.
    Request {
        /// The id to answer by, if the client gave one.
        id: Option<CommandId>,
        /// The participant that the message names as its sender, if it names one.
        participant: Option<ParticipantId>,
        /// What is asked for.
        request: Request,
    },
}

/// A command as a client sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMessage {
    /// The id to answer by and to know the command again by, if the client gave one. In `stonepot.v2` it always does.
    pub stamp: Option<Stamp>,
    /// The participant that the message names as its sender. Only a join is taken at its word; every other command is
    /// carried out as the participant that the socket joined as.
    pub participant: Option<ParticipantId>,
    /// What the client asks for.
    pub command: Command,
    /// In a join of `stonepot.v2`, the cursor of the last event that the client has folded, as the client wrote it: it need
    /// not be a cursor.
    pub since: Option<String>,
}

/// A request of a client, which changes nothing that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// The full state.
    State,
    /// The bill.
    Bill,
    /// The checksum of the state.
    Checksum,
    /// Who did what and when.
    History(HistoryPage),
    /// The code with which somebody takes the seat of a person who was added. The first protocol has only this one and the one
    /// before.
    SeatCode {
        /// The person who was added.
        of: ParticipantId,
    },
    /// Tells the others whether this person is typing or speaking.
    Presence {
        /// Whether they are typing; `None`: as before.
        typing: Option<bool>,
        /// Whether they are speaking; `None`: as before.
        speaking: Option<bool>,
    },
}

impl Request {
    pub(super) fn seat_code(message: &Object<'_>) -> Result<Self, Rejection> {
        Ok(Self::SeatCode { of: participant(&data(message)?, "participantId")? })
    }
}

/// A message that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The id to answer by, if it could be read.
    pub id: Option<CommandId>,
    /// Why it was refused.
    pub rejection: Rejection,
}

/// Reads a message of the first protocol. `fresh_id` makes the id of an item for which the client gave none.
///
/// # Errors
/// When the message is not valid by the protocol, whatever the order.
pub fn decode(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<Inbound, Refused> {
    decode_from(None, text, fresh_id)
}

/// Reads a message of the first protocol from a connection that has signed in: a join that names no participant is a join of
/// this one.
///
/// # Errors
/// As [`decode`].
pub fn decode_from(
    signed_in: Option<&ParticipantId>,
    text: &str,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<Inbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    let is_history = match message.raw("type") {
        Some("\"history\"") => true,
        Some("\"seat_code\"") => false,
        _ => return read_command(&message, signed_in, fresh_id).map(Inbound::Command),
    };
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    let refused = |rejection| Refused { id: id.clone(), rejection };
    let participant = named(&message).map_err(refused)?;
    let request = if is_history {
        HistoryPage::read(&message).map(Request::History)
    } else {
        Request::seat_code(&message)
    };
    let request = request.map_err(refused)?;
    Ok(Inbound::Request { id, participant, request })
}

/// Reads a message of the first protocol that can only be a command, as those of the restaurant's back end.
///
/// # Errors
/// As [`decode`], and when the message is a request.
pub fn decode_command(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<CommandMessage, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    read_command(&message, None, fresh_id)
}

fn read_command(
    message: &Object<'_>,
    signed_in: Option<&ParticipantId>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<CommandMessage, Refused> {
    let id = command_id(message).map_err(|rejection| Refused { id: None, rejection })?;
    match read(message, signed_in, fresh_id) {
        Ok((participant, command)) => {
            let stamp = id.map(|id| Stamp::new(id, digest(message, participant.as_ref())));
            Ok(CommandMessage { stamp, participant, command, since: None })
        }
        Err(rejection) => Err(Refused { id, rejection }),
    }
}

impl Inbound {
    /// Returns the message's id, which its answer repeats.
    pub fn id(&self) -> Option<&CommandId> {
        match self {
            Self::Command(message) => message.id(),
            Self::Request { id, .. } => id.as_ref(),
        }
    }

    /// The participant that the message names as its sender.
    pub fn participant(&self) -> Option<&ParticipantId> {
        match self {
            Self::Command(message) => message.participant.as_ref(),
            Self::Request { participant, .. } => participant.as_ref(),
        }
    }

    /// Whether the message is a join.
    pub fn is_join(&self) -> bool {
        matches!(self, Self::Command(message) if message.is_join())
    }
}

impl CommandMessage {
    /// Returns the message's id, which its answer repeats.
    pub fn id(&self) -> Option<&CommandId> {
        self.stamp.as_ref().map(Stamp::id)
    }

    /// Whether the command is a join.
    pub fn is_join(&self) -> bool {
        matches!(self.command, Command::People(PeopleCommand::Join(_)))
    }
}

pub(super) fn command_id(message: &Object<'_>) -> Result<Option<CommandId>, Rejection> {
    let expected = "a string of 1 to 64 bytes without control or invisible characters";
    let Some(id) = message.string("id", expected)? else { return Ok(None) };
    CommandId::new(&id).map(Some).map_err(|_| message.mistyped("id", expected))
}

/// The digest of what a message asks for: `SipHash-2-4` (key zero) of its type, its `data`
/// without white space outside strings and, in a join, the named participant and name. What the
/// server generates, such as an item's id, is not part of it.
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
