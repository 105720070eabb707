//! The name of a room, and so of an order.

use std::fmt;
use std::hash::Hasher as _;
use std::sync::Arc;

use siphasher::sip::SipHasher24;
use thiserror::Error;

/// The longest party or room name, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// Identifies one room, and so one order: a party (a kind of room) and a name within it.
///
/// Both are opaque path segments, compared byte for byte and never percent-decoded. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey {
    /// `party/room`; neither part can contain a slash.
    joined: Arc<str>,
    party_bytes: usize,
}

/// The reason why a text cannot name a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RoomKeyError {
    /// The party or the room name is empty.
    #[error("a room's name cannot be empty")]
    Empty,
    /// The party or the room name is longer than [`MAX_NAME_BYTES`].
    #[error("a room's name has at most {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// A character that a URL's path segment cannot hold (RFC 3986, `pchar`).
    #[error("a room's name can only have characters of a URL path segment")]
    BadCharacter,
}

impl RoomKey {
    /// Creates the key of the room `room` of the party `party`.
    ///
    /// # Errors
    /// When either is empty, too long, or not made of the characters of a URL path segment.
    pub fn new(party: &str, room: &str) -> Result<Self, RoomKeyError> {
        check(party)?;
        check(room)?;
        Ok(Self { joined: format!("{party}/{room}").into(), party_bytes: party.len() })
    }

    /// Parses the text of [`RoomKey::as_str`].
    ///
    /// # Errors
    /// As [`RoomKey::new`].
    pub fn parse(joined: &str) -> Result<Self, RoomKeyError> {
        let (party, room) = joined.split_once('/').ok_or(RoomKeyError::Empty)?;
        Self::new(party, room)
    }

    /// Returns `party/room`, the form in which a log stores it.
    pub fn as_str(&self) -> &str {
        &self.joined
    }

    /// Returns the party, for instance `main`.
    pub fn party(&self) -> &str {
        self.joined.get(..self.party_bytes).unwrap_or_default()
    }

    /// Returns the room's own name, which is also its order's id.
    pub fn room(&self) -> &str {
        self.joined.get(self.party_bytes + 1..).unwrap_or_default()
    }
}

impl RoomKey {
    /// Stands for the room in log messages. Anybody who knows a room's name can join it, so the name itself is
    /// kept out of logs; the same room always gives the same eight digits.
    pub fn fingerprint(&self) -> impl fmt::Display + use<> {
        let mut hasher = SipHasher24::new();
        hasher.write(self.joined.as_bytes());
        Fingerprint(hasher.finish())
    }
}

struct Fingerprint(u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0 >> 32)
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined)
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined)
    }
}

/// Checks that a name is made of `pchar` of RFC 3986: unreserved, percent sign,
/// sub-delimiters, colon and at.
fn check(name: &str) -> Result<(), RoomKeyError> {
    if name.is_empty() {
        return Err(RoomKeyError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(RoomKeyError::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@".contains(&byte);
    if name.bytes().all(allowed) { Ok(()) } else { Err(RoomKeyError::BadCharacter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_stored_form() {
        let key = RoomKey::new("main", "u%20%F0%9F%8D%9B").unwrap();
        assert_eq!((key.party(), key.room()), ("main", "u%20%F0%9F%8D%9B"));
        assert_eq!(RoomKey::parse(key.as_str()).unwrap(), key);
    }

    #[test]
    fn names_outside_a_path_segment_are_refused() {
        assert_eq!(RoomKey::new("main", ""), Err(RoomKeyError::Empty));
        assert_eq!(RoomKey::new("main", "a/b"), Err(RoomKeyError::BadCharacter));
        assert_eq!(RoomKey::new("main", "a b"), Err(RoomKeyError::BadCharacter));
        assert_eq!(RoomKey::new("main", "é"), Err(RoomKeyError::BadCharacter));
        assert_eq!(RoomKey::new("main", &"r".repeat(129)), Err(RoomKeyError::TooLong));
        assert!(RoomKey::new("main", &"r".repeat(128)).is_ok());
    }
}
