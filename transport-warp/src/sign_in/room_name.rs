//! Room names in tokens, and the same rooms in URLs.

use std::fmt::Write as _;

use order_core::text::{Text, TextError};
use order_host::{RoomKey, RoomKeyError};
use thiserror::Error;

use crate::address;

/// The party of a room that a token names without one; the party of the URLs in all
/// examples.
const PARTY: &str = "collaborative_order";

/// A room as a token names it: `party/name`, or only a name for the party
/// `collaborative_order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName {
    room: RoomKey,
    is_encoded: bool,
}

/// Why a token for a room would open nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RoomNameError {
    /// The text before the slash is not a known party.
    #[error("there is no such party; write `NAME`, `main/NAME` or `collaborative_order/NAME`")]
    UnknownParty,
    /// The name contains a slash, which would end it in a URL.
    #[error("a room's name cannot have a slash: it would be another address")]
    Slash,
    /// The name is a dot segment, which clients remove from URLs.
    #[error("clients remove `.` and `..` from an address, so nobody could reach this room")]
    Dots,
    /// The name is not allowed in a token.
    #[error("{0}")]
    Text(#[from] TextError),
    /// The name is not a valid room name, percent-encoded or not.
    #[error("{0} (percent-encoded, as clients send it)")]
    Name(#[from] RoomKeyError),
}

impl RoomName {
    /// Returns the room that a token with this claim opens.
    ///
    /// # Errors
    /// When no client could reach that room.
    ///
    /// ```
    /// use transport_warp::RoomName;
    /// let name = RoomName::new("main/café 7").unwrap();
    /// assert_eq!(name.path(), "/parties/main/caf%C3%A9%207");
    /// assert!(name.is_encoded());
    /// ```
    pub fn new(claim: &str) -> Result<Self, RoomNameError> {
        let (party, name) = parts(claim);
        let party = address::stored_party(party).ok_or(RoomNameError::UnknownParty)?;
        if name.contains('/') {
            return Err(RoomNameError::Slash);
        }
        if matches!(name.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..") {
            return Err(RoomNameError::Dots);
        }
        if name.is_empty() {
            return Err(RoomKeyError::Empty.into());
        }
        Text::exact(name, usize::MAX)?;
        let is_segment = matches!(RoomKey::new(party, name), Ok(_) | Err(RoomKeyError::TooLong));
        if is_segment && !has_stray_percent(name) {
            return Ok(Self { room: RoomKey::new(party, name)?, is_encoded: false });
        }
        Ok(Self { room: RoomKey::new(party, &encoded(name))?, is_encoded: true })
    }

    /// The path to connect to. The name is percent-encoded as by `encodeURIComponent` where it
    /// must be.
    pub fn path(&self) -> String {
        format!("/parties/{}", self.room)
    }

    /// Whether the name in the path differs from that in the token.
    pub fn is_encoded(&self) -> bool {
        self.is_encoded
    }
}

/// Whether the name in a claim is usable exactly as written, without cleaning.
pub(super) fn is_exact(claim: &str) -> bool {
    let is_exact = |text| Text::exact(text, usize::MAX) != Err(TextError::NotExact);
    is_exact(claim) && is_exact(parts(claim).1)
}

/// Whether a claim names this room: `party/room`, or `room` for one of [`PARTY`].
///
/// Room names are opaque. But a name that cannot stand in a URL arrives percent-encoded, as
/// a browser or `encodeURIComponent` writes it, so a claim may also give the decoded name.
/// A claim that could stand in a URL and already contains a percent-encoding names exactly
/// that room.
pub(super) fn is_named(room: &RoomKey, claim: &str) -> bool {
    let (party, name) = parts(claim);
    if address::stored_party(party) != Some(room.party()) {
        return false;
    }
    let is_segment = RoomKey::new(room.party(), name).is_ok();
    let may_be_encoded = !is_segment || !name.contains('%') || has_stray_percent(name);
    name == room.room() || may_be_encoded && decoded(room.room()).is_some_and(|decoded| decoded == name)
}

fn parts(claim: &str) -> (&str, &str) {
    claim.split_once('/').unwrap_or((PARTY, claim))
}

/// The byte whose percent-encoding is at the beginning of `bytes`.
fn escape(bytes: &[u8]) -> Option<u8> {
    let digits = bytes.strip_prefix(b"%")?.get(..2)?;
    let digits =
        str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Whether there is a percent sign that begins no percent-encoding, as in `50%`.
fn has_stray_percent(name: &str) -> bool {
    let bytes = name.as_bytes();
    (0..bytes.len())
        .filter_map(|place| bytes.get(place..))
        .any(|rest| rest.starts_with(b"%") && escape(rest).is_none())
}

/// `unreserved` of RFC 3986: never needs percent-encoding.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Decodes a URL segment, if it is percent-encoded in the usual way (RFC 3986, 6.2.2): with
/// capital digits, and only where needed. So each name has few forms, and no form belongs
/// to two names. A percent sign that begins no encoding stands for itself, as in browsers.
fn decoded(segment: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let Some(meant) = escape(rest) else {
            decoded.push(byte);
            rest = after;
            continue;
        };
        let (digits, after) = after.split_at_checked(2)?;
        if is_unreserved(meant) || meant == b'/' || digits.iter().any(u8::is_ascii_lowercase) {
            return None;
        }
        decoded.push(meant);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

/// Encodes a name as `encodeURIComponent` does.
fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if is_unreserved(byte) || b"!'()*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(party: &str, name: &str) -> RoomKey {
        RoomKey::new(party, name).unwrap()
    }

    #[test]
    fn a_room_is_named_with_its_party_or_is_a_collaborative_order() {
        let table = room("collaborative_order", "t7");
        for named in ["t7", "collaborative_order/t7", "collaborative-order/t7"] {
            assert!(is_named(&table, named), "{named}");
            assert!(!is_named(&room("main", "t7"), named), "{named}");
        }
        assert!(is_named(&room("main", "t7"), "main/t7"));
        for other in ["T7", "t", "t77", "", "*", "main/t7", "/t7", "x/t7", "collaborative_order/t7/"] {
            assert!(!is_named(&table, other), "{other}");
        }
    }

    #[test]
    fn a_name_that_a_token_may_have_opens_the_room_that_it_is_said_to() {
        let pieces = ["a", "%25", "%41", "%c3%a9", "50%", " ", "é", "🍛", "&", "^", "\"", "%%", "%2", "?"];
        let several = pieces.len();
        for number in 0..several.pow(3) {
            let places = [number / several / several, number / several % several, number % several];
            let claim = places.map(|place| pieces[place]).concat();
            let Ok(name) = RoomName::new(&claim) else { continue };
            assert!(is_named(&name.room, &claim), "{claim} is said to be at {}", name.path());
        }
    }

    /// What Node.js 20 makes of a name: `new URL(…).pathname`, and `encodeURIComponent`.
    const NAMES: [(&str, &str, &str); 12] = [
        ("café 7", "caf%C3%A9%207", "caf%C3%A9%207"),
        ("my table", "my%20table", "my%20table"),
        ("50%", "50%", "50%25"),
        ("50% off", "50%%20off", "50%25%20off"),
        ("a\"b<c>d", "a%22b%3Cc%3Ed", "a%22b%3Cc%3Ed"),
        ("a{b}", "a%7Bb%7D", "a%7Bb%7D"),
        ("O`'Brien", "O%60'Brien", "O%60'Brien"),
        ("a&b c", "a&b%20c", "a%26b%20c"),
        ("a+b;c=d", "a+b;c=d", "a%2Bb%3Bc%3Dd"),
        ("🍛", "%F0%9F%8D%9B", "%F0%9F%8D%9B"),
        ("e\u{301}", "e%CC%81", "e%CC%81"),
        ("t-7_a.b~c", "t-7_a.b~c", "t-7_a.b~c"),
    ];

    #[test]
    fn a_name_that_clients_encode_is_that_room_however_they_do_it_and_no_other() {
        for (name, by_url, by_component) in NAMES {
            assert!(is_named(&room("collaborative_order", by_url), name), "{name} {by_url}");
            assert!(is_named(&room("main", by_component), &format!("main/{name}")), "{name} {by_component}");
            for (other, _, _) in NAMES.iter().filter(|(other, _, _)| *other != name) {
                assert!(!is_named(&room("collaborative_order", by_url), other), "{other} {by_url}");
                assert!(
                    !is_named(&room("collaborative_order", by_component), other),
                    "{other} {by_component}"
                );
            }
        }
        // Characters that cannot stand in a URL unencoded.
        for (name, by_component) in
            [("a^b|c", "a%5Eb%7Cc"), ("a?b#c", "a%3Fb%23c"), ("a\\b[c]", "a%5Cb%5Bc%5D")]
        {
            assert!(is_named(&room("collaborative_order", by_component), name), "{name}");
        }
    }

    #[test]
    fn an_address_that_is_encoded_in_another_way_is_another_room() {
        for (address, name) in [
            ("%747", "t7"),
            ("caf%c3%a9", "café"),
            ("caf%C3", "caf\u{FFFD}"),
            ("caf%E9", "café"),
            ("a%2Fb", "a/b"),
            ("a%2Fb", "collaborative_order/a/b"),
            ("a+b", "a b"),
            ("a%2520b", "a b"),
            ("a%2520b", "a%20b"),
            ("a%25b", "a%25b%"),
            ("a%C3%A9", "ae\u{301}"),
            ("t7%E2%80%8B", "t7"),
        ] {
            assert!(!is_named(&room("collaborative_order", address), name), "{address} {name}");
        }
    }

    #[test]
    fn a_name_that_is_encoded_already_is_that_very_room() {
        for name in ["caf%C3%A9", "caf%c3%a9", "%747", "a%20b", "100%25"] {
            assert!(is_named(&room("collaborative_order", name), name), "{name}");
        }
        assert!(!is_named(&room("collaborative_order", "100%2525"), "100%25"));
    }

    #[test]
    fn what_a_token_is_made_for_can_be_reached_at_the_path_that_is_told() {
        for (name, _, by_component) in NAMES {
            let named = RoomName::new(name).unwrap();
            if named.is_encoded() {
                assert_eq!(named.path(), format!("/parties/collaborative_order/{by_component}"));
            } else {
                assert_eq!(named.path(), format!("/parties/collaborative_order/{name}"));
            }
            assert!(is_named(&named.room, name), "{name}");
        }
        assert_eq!(RoomName::new("main/t7").unwrap().path(), "/parties/main/t7");
        assert!(!RoomName::new("a%20b").unwrap().is_encoded());
    }

    #[test]
    fn a_name_that_no_client_can_reach_is_refused() {
        let longest = "é".repeat(21);
        assert!(RoomName::new(&longest).is_ok());
        for (name, expected) in [
            ("", RoomKeyError::Empty.into()),
            ("main/", RoomKeyError::Empty.into()),
            ("nope/t7", RoomNameError::UnknownParty),
            ("/t7", RoomNameError::UnknownParty),
            ("Main/t7", RoomNameError::UnknownParty),
            ("main/a/b", RoomNameError::Slash),
            (".", RoomNameError::Dots),
            ("main/..", RoomNameError::Dots),
            ("%2E%2e", RoomNameError::Dots),
            (&*"x".repeat(129), RoomKeyError::TooLong.into()),
            (&format!("{longest}xxx"), RoomKeyError::TooLong.into()),
            (" t7", TextError::NotExact.into()),
            ("t7\u{200B}", TextError::NotExact.into()),
            ("t\n7", TextError::NotExact.into()),
            ("t\u{202E}7", TextError::NotExact.into()),
            ("\u{200D}", TextError::Empty.into()),
        ] {
            assert_eq!(RoomName::new(name), Err(expected), "{name:?}");
        }
    }
}
