//! A hash chained over the facts of a room, by which a place in its history names the history.
//!
//! The rule, for whoever computes it again:
//!
//! * `link(0)` is SipHash-2-4-128 of the room's key, `party/room`, as [`RoomKey::as_str`] gives it, so the same facts in another room
//!   have other links;
//! * `link(n)` is SipHash-2-4-128 of the 16 bytes of `link(n-1)` followed by the stored bytes of the fact `n`;
//! * the key of the hash is the log's [`ChainKey`], 16 bytes; a link is the 16 bytes of the output in the order of the reference
//!   implementation: two little-endian halves.
//!
//! Two histories that differ anywhere have different links from there on, except by a chance of 1 in 2¹²⁸. The hash is keyed because
//! people at a table see a part of each link: without the key nobody can try out which phone number gives what they saw.

use std::fmt;
use std::hash::Hasher as _;

use rand::RngExt as _;
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use thiserror::Error;

use super::StoredFact;
use crate::RoomKey;

/// The key by which a log's links are computed. It is made once with the log and kept with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainKey([u8; 16]);

/// A fact's place in the history of its room: it changes with every byte of that fact and of all facts before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link([u8; 16]);

/// The link that is stored with a fact is not the one that follows from the facts before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "its link does not follow from the facts before it: the storage is damaged or was changed; restore a backup of it"
)]
pub struct BrokenLink;

impl ChainKey {
    /// A key of these bytes, which nobody else may know.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A key from the operating system's randomness.
    pub fn random() -> Self {
        Self(rand::rng().random())
    }

    /// The key's bytes, to be kept with the log.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The link before the first fact of `room`.
    pub fn start(&self, room: &RoomKey) -> Link {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(room.as_str().as_bytes());
        Link(hasher.finish128().as_bytes())
    }

    /// The link of the fact with these stored bytes that comes after the fact with the link `before`.
    pub fn next(&self, before: Link, fact: &[u8]) -> Link {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(&before.0);
        // The rest in one go, which takes fewer instructions.
        Link(hasher.hash(fact).as_bytes())
    }

    /// The link of `fact`, which comes after the fact with the link `before`. A fact that was stored without a link has one, too.
    ///
    /// # Errors
    /// When another link is stored with it.
    pub fn follow(&self, before: Link, fact: &StoredFact) -> Result<Link, BrokenLink> {
        let link = self.next(before, &fact.bytes);
        if fact.link.is_none_or(|stored| stored == link) { Ok(link) } else { Err(BrokenLink) }
    }
}

impl Link {
    /// The link with these bytes, as they were stored.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be stored.
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

    /// Computed by another implementation of the hash. Links are stored, so the rule never changes.
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
