//! Links and cursors: histories that differ anywhere have different cursors from there on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use order_host::log::{ChainKey, Link};
use order_host::{Cursor, RoomKey};
use proptest::prelude::*;
use proptest::sample::Index;

/// A change that makes a history a different one.
#[derive(Debug, Clone)]
enum Change {
    /// A byte of a fact is changed.
    Byte(Index, Index, u8),
    Dropped(Index),
    Doubled(Index),
    Swapped(Index, Index),
    /// The boundary between two facts is moved.
    Boundary(Index, Index),
    /// Two facts are merged.
    Joined(Index),
    Added(Index, Vec<u8>),
    Room,
    Key(u8),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_histories_that_part_anywhere_are_told_apart_by_every_later_cursor(
        facts in history(),
        change in change(),
    ) {
        let (key, room) = (ChainKey::new([7; 16]), RoomKey::new("main", "table-7").unwrap());
        let (other_key, other_room, other_facts) = changed(&change, key, &room, &facts);
        let cursors = cursors(key, &room, &facts);
        let others = self::cursors(other_key, &other_room, &other_facts);
        let is_same_place = (key == other_key) && (room == other_room);
        let shared = facts.iter().zip(&other_facts).take_while(|(one, other)| one == other).count();
        for (place, cursor) in cursors.iter().enumerate() {
            for (other_place, other) in others.iter().enumerate() {
                let is_shared = is_same_place && place == other_place && place <= shared;
                prop_assert_eq!(cursor == other, is_shared, "{} and {}", place, other_place);
                prop_assert_eq!(cursor.text() == other.text(), is_shared);
            }
        }
        for cursor in cursors {
            prop_assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        }
    }

    #[test]
    fn whatever_a_client_remembers_is_read_or_is_no_cursor(text in "\\PC{0,40}|[A-Za-z0-9_-]{20,28}|[0-9]{1,30}") {
        if let Some(cursor) = Cursor::parse(&text) {
            prop_assert_eq!(cursor.text(), text);
        }
    }
}

#[test]
fn the_same_facts_under_the_same_key_in_the_same_room_are_the_same_history() {
    let (key, room) = (ChainKey::new([7; 16]), RoomKey::new("main", "table-7").unwrap());
    let facts = [b"one".to_vec(), b"two".to_vec()];
    assert_eq!(cursors(key, &room, &facts), cursors(key, &room, &facts));
}

fn history() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Few different bytes, so that facts resemble each other.
    prop::collection::vec(prop::collection::vec(0_u8..3, 0..24), 1..20)
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), at(), 1_u8..).prop_map(|(fact, byte, flip)| Change::Byte(fact, byte, flip)),
        at().prop_map(Change::Dropped),
        at().prop_map(Change::Doubled),
        (at(), at()).prop_map(|(one, other)| Change::Swapped(one, other)),
        (at(), at()).prop_map(|(fact, to)| Change::Boundary(fact, to)),
        at().prop_map(Change::Joined),
        (at(), prop::collection::vec(0_u8..3, 0..24)).prop_map(|(at, fact)| Change::Added(at, fact)),
        Just(Change::Room),
        (1_u8..).prop_map(Change::Key),
    ]
}

fn changed(
    change: &Change,
    key: ChainKey,
    room: &RoomKey,
    facts: &[Vec<u8>],
) -> (ChainKey, RoomKey, Vec<Vec<u8>>) {
    let (mut key, mut room, mut facts) = (key, room.clone(), facts.to_vec());
    match change {
        Change::Byte(fact, byte, flip) => {
            let fact = fact.index(facts.len());
            if !facts[fact].is_empty() {
                let byte = byte.index(facts[fact].len());
                facts[fact][byte] ^= flip;
            }
        }
        Change::Dropped(fact) => drop(facts.remove(fact.index(facts.len()))),
        Change::Doubled(fact) => {
            let fact = fact.index(facts.len());
            facts.insert(fact, facts[fact].clone());
        }
        Change::Swapped(one, other) => {
            let (one, other) = (one.index(facts.len()), other.index(facts.len()));
            facts.swap(one, other);
        }
        Change::Boundary(fact, to) => {
            let fact = fact.index(facts.len());
            if fact + 1 < facts.len() {
                let both = [facts[fact].clone(), facts[fact + 1].clone()].concat();
                let (first, second) = both.split_at(to.index(both.len() + 1));
                (facts[fact], facts[fact + 1]) = (first.to_vec(), second.to_vec());
            }
        }
        Change::Joined(fact) => {
            let fact = fact.index(facts.len());
            if fact + 1 < facts.len() {
                let second = facts.remove(fact + 1);
                facts[fact].extend(second);
            }
        }
        Change::Added(at, fact) => facts.insert(at.index(facts.len() + 1), fact.clone()),
        Change::Room => room = RoomKey::new("main", "table-8").unwrap(),
        Change::Key(flip) => {
            let mut bytes = *key.bytes();
            bytes[15] ^= flip;
            key = ChainKey::new(bytes);
        }
    }
    (key, room, facts)
}

/// Returns the cursor of every position, starting before the first fact.
fn cursors(key: ChainKey, room: &RoomKey, facts: &[Vec<u8>]) -> Vec<Cursor> {
    let mut link: Link = key.start(room);
    let mut cursors = vec![Cursor::new(0, link)];
    for (seq, fact) in (1..).zip(facts) {
        link = key.next(link, fact);
        cursors.push(Cursor::new(seq, link));
    }
    cursors
}
