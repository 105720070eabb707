//! Reads which room a path names.

use order_host::{RoomKey, RoomKeyError};
use thiserror::Error;

/// The known parties, each as clients write it and as rooms are stored.
const PARTIES: [(&str, &str); 3] = [
    (MAIN, MAIN),
    ("collaborative_order", "collaborative_order"),
    ("collaborative-order", "collaborative_order"),
];

/// The party of a path that names none.
const MAIN: &str = "main";

/// How many characters of an unknown party's name an error shows.
const SHOWN_CHARS: usize = 64;

/// Why a path that should name a room does not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum AddressError {
    /// Not one of the known parties.
    #[error("Party {} not found", printable(.0))]
    UnknownParty(String),
    /// The path ends before the room.
    #[error("No room in the address: use /parties/:party/:room or /party/:room")]
    NoRoom,
    /// The room's segment is not a valid room name.
    #[error("Bad room: {0}")]
    BadRoom(#[from] RoomKeyError),
}

/// Reads the room from a path without its leading slash. `None` if such a path does not
/// name rooms.
///
/// * `parties/:party/:room`, and anything after it;
/// * `party/:room`, and anything after it: a room of the party `main`;
/// * `party/:party/:room` where `:party` is a known party, because a script in use writes
///   it this way.
///
/// Segments are compared as they are, without percent-decoding.
pub(crate) fn parse(path: &str) -> Option<Result<RoomKey, AddressError>> {
    let mut segments = path.split('/');
    match segments.next() {
        Some("parties") => Some(in_parties(segments)),
        Some("party") => Some(in_party(segments)),
        _ => None,
    }
}

fn in_parties<'a>(mut segments: impl Iterator<Item = &'a str>) -> Result<RoomKey, AddressError> {
    let party = segments.next().filter(|party| !party.is_empty()).ok_or(AddressError::NoRoom)?;
    let stored = stored_party(party).ok_or_else(|| AddressError::UnknownParty(party.to_owned()))?;
    room(stored, segments.next())
}

fn in_party<'a>(mut segments: impl Iterator<Item = &'a str>) -> Result<RoomKey, AddressError> {
    let first = segments.next();
    let second = segments.next().filter(|second| !second.is_empty());
    match (first.and_then(stored_party), second) {
        (Some(party), Some(second)) => room(party, Some(second)),
        _ => room(MAIN, first),
    }
}

fn room(party: &str, room: Option<&str>) -> Result<RoomKey, AddressError> {
    let room = room.filter(|room| !room.is_empty()).ok_or(AddressError::NoRoom)?;
    Ok(RoomKey::new(party, room)?)
}

/// The name under which a party is stored, for any of its spellings.
pub(crate) fn stored_party(party: &str) -> Option<&'static str> {
    PARTIES.iter().find(|(written, _)| *written == party).map(|(_, stored)| *stored)
}

/// The beginning of a client's text, to be shown in an error: everything outside printable
/// ASCII is escaped.
fn printable(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> String {
        match parse(path) {
            Some(Ok(key)) => key.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "not ours".to_owned(),
        }
    }

    #[test]
    fn every_form_of_an_address_leads_to_its_room() {
        for (path, expected) in [
            ("parties/main/R", "main/R"),
            ("parties/main/R/extra/path", "main/R"),
            ("parties/main/R/", "main/R"),
            ("parties/collaborative_order/R", "collaborative_order/R"),
            ("parties/collaborative-order/R", "collaborative_order/R"),
            ("party/R", "main/R"),
            ("party/R/extra", "main/R"),
            ("party/main/R", "main/R"),
            ("party/collaborative_order/R", "collaborative_order/R"),
            ("party/main", "main/main"),
            ("party/main/", "main/main"),
            ("parties/main/u%20%F0%9F%8D%9B", "main/u%20%F0%9F%8D%9B"),
            ("parties/main/%52", "main/%52"),
        ] {
            assert_eq!(key(path), expected, "{path}");
        }
    }

    #[test]
    fn parties_are_compared_as_they_stand() {
        assert_eq!(key("parties/Main/R"), "Party Main not found");
        assert_eq!(key("parties/ma%69n/R"), "Party ma%69n not found");
        assert_eq!(key("party/Main/R"), "main/Main");
    }

    #[test]
    fn an_unknown_party_is_shown_short_and_printable() {
        assert_eq!(key("parties/é\u{202e}/R"), "Party \\u{e9}\\u{202e} not found");
        let shown = key(&format!("parties/{}/R", "x".repeat(5000)));
        assert_eq!(shown, format!("Party {}… not found", "x".repeat(64)));
    }

    #[test]
    fn what_cannot_be_a_room_is_an_error_of_ours() {
        let no_room = AddressError::NoRoom.to_string();
        for path in ["parties", "parties/", "parties//R", "parties/main", "parties/main/", "party", "party/"]
        {
            assert_eq!(key(path), no_room, "{path}");
        }
        assert!(key(&format!("parties/main/{}", "r".repeat(129))).starts_with("Bad room"));
        assert!(key("parties/main/é").starts_with("Bad room"));
    }

    #[test]
    fn other_paths_are_left_to_others() {
        for path in ["", "ws/R", "partie/main/R", "/parties/main/R", "healthz"] {
            assert_eq!(key(path), "not ours", "{path}");
        }
    }
}
