//! A hash chain over the facts of a room, which identifies each position and its whole
//! history.
//!
//! The rule, for other implementations:
//!
//! * `link(0)` is SipHash-2-4-128 of the room's key, `party/room`, as [`RoomKey::as_str`]
//!   returns it, so the same facts in another room have other links;
//! * `link(n)` is SipHash-2-4-128 of the 16 bytes of `link(n-1)` followed by the stored
//!   bytes of the fact `n`;
//! * the key of the hash is the log's [`ChainKey`], 16 bytes; a link is the 16 bytes of the
//!   output in the order of the reference implementation: two little-endian halves.
//!
//! Two histories that differ anywhere have different links from there on, except with a
//! probability of 1 in 2¹²⁸. The hash is keyed because participants see a part of each
//! link: without the key nobody can test which phone number produces it.

use std::fmt;
use std::hash::Hasher as _;

use rand::RngExt as _;
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use thiserror::Error;

use super::StoredFact;
use crate::RoomKey;

/// The key of a log's hash chain. It is generated with the log and stored in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainKey([u8; 16]);

/// A fact's link in the hash chain of its room. It changes with every byte of that fact and
/// of all facts before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link([u8; 16]);

/// The stored link of a fact does not follow from the facts before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "its link does not match the facts before it: the storage is damaged or was changed; restore a backup"
)]
pub struct BrokenLink;

impl ChainKey {
    /// Creates a key from these bytes, which must be secret.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Generates a key from the operating system's randomness.
    pub fn random() -> Self {
        Self(rand::rng().random())
    }

    /// Returns the key's bytes, to be stored with the log.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the link before the first fact of `room`.
    pub fn start(&self, room: &RoomKey) -> Link {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(room.as_str().as_bytes());
        Link(hasher.finish128().as_bytes())
    }

    /// Returns the link of a fact with these stored bytes, which follows the link `before`.
    pub fn next(&self, before: Link, fact: &[u8]) -> Link {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(&before.0);
        // Hashes the rest in one call, which takes fewer instructions.
        Link(hasher.hash(fact).as_bytes())
    }

    /// Returns the link of `fact`, which follows the link `before`. A fact that was stored
    /// without a link has one too.
    ///
    /// # Errors
    /// When a different link is stored with it.
    pub fn follow(&self, before: Link, fact: &StoredFact) -> Result<Link, BrokenLink> {
        let link = self.next(before, &fact.bytes);
        if fact.link.is_none_or(|stored| stored == link) { Ok(link) } else { Err(BrokenLink) }
    }
}

impl Link {
    /// Creates a link from its stored bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes, to be stored.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:032x})", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by another implementation of the hash. Links are stored, so the rule never
    /// changes.
    #[test]
    fn links_are_what_the_rule_says() {
        let key = ChainKey::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let room = RoomKey::new("main", "table-7").unwrap();
        let start = key.start(&room);
        let links = [start, key.next(start, b""), key.next(start, br#"{"v":2}"#)];
        assert_eq!(links.map(|link| format!("{link:?}")), EXPECTED);
    }

    const EXPECTED: [&str; 3] = [
        "Link(d22cdcda402c14d4b6063c6b487e5fba)",
        "Link(b9fb8f315d343fc6d0215a55fdb53f8a)",
        "Link(7f32fdae729aceb15bc4a1594f94fcf1)",
    ];

    #[test]
    fn a_stored_link_that_does_not_follow_is_found_and_a_missing_one_is_computed() {
        let key = ChainKey::new([7; 16]);
        let start = key.start(&RoomKey::new("main", "a").unwrap());
        let link = key.next(start, b"fact");
        let fact = |link| StoredFact { bytes: b"fact".to_vec(), link };
        assert_eq!(key.follow(start, &fact(None)), Ok(link));
        assert_eq!(key.follow(start, &fact(Some(link))), Ok(link));
        assert_eq!(key.follow(start, &fact(Some(start))), Err(BrokenLink));
        assert_eq!(key.follow(link, &fact(Some(link))), Err(BrokenLink));
    }

    #[test]
    fn the_key_is_not_shown() {
        assert!(!format!("{:?}", ChainKey::new([7; 16])).contains('7'));
    }
}
