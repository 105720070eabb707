//! A cache of the last sequence numbers of recently written rooms.

use std::collections::HashMap;

use crate::RoomKey;

/// Rooms in each of the two halves: together at most about 5 MB.
const HALF: usize = 16_384;

/// A bounded cache of rooms' last sequence numbers, so that an append need not query the
/// index.
///
/// It has two halves. New entries go into the young one. When that is full it becomes the
/// old one, and entries of the previous old half that were not used since are dropped.
#[derive(Debug, Default)]
pub(super) struct Tails {
    young: HashMap<RoomKey, u64>,
    old: HashMap<RoomKey, u64>,
}

impl Tails {
    pub(super) fn get(&mut self, room: &RoomKey) -> Option<u64> {
        if let Some(last) = self.young.get(room) {
            return Some(*last);
        }
        let (room, last) = self.old.remove_entry(room)?;
        self.put(room, last);
        Some(last)
    }

    pub(super) fn set(&mut self, room: &RoomKey, last: u64) {
        if let Some(known) = self.young.get_mut(room) {
            *known = last;
            return;
        }
        self.old.remove(room);
        self.put(room.clone(), last);
    }

    pub(super) fn forget(&mut self, room: &RoomKey) {
        self.young.remove(room);
        self.old.remove(room);
    }

    pub(super) fn forget_all(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    fn put(&mut self, room: RoomKey, last: u64) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(room, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: usize) -> RoomKey {
        RoomKey::new("main", &number.to_string()).unwrap()
    }

    #[test]
    fn a_room_in_use_is_remembered_while_others_come_and_go() {
        let mut tails = Tails::default();
        tails.set(&room(0), 7);
        for number in 1..HALF * 5 {
            tails.set(&room(number), 1);
            assert_eq!(tails.get(&room(0)), Some(7));
        }
    }

    #[test]
    fn memory_is_bounded_and_the_rooms_longest_unused_are_forgotten() {
        let mut tails = Tails::default();
        for number in 0..HALF * 5 {
            tails.set(&room(number), 1);
            assert!(tails.young.len() + tails.old.len() <= 2 * HALF);
        }
        assert_eq!(tails.get(&room(0)), None);
        assert_eq!(tails.get(&room(HALF * 5 - 1)), Some(1));
    }

    #[test]
    fn a_newer_number_replaces_the_one_in_the_old_half() {
        let mut tails = Tails::default();
        tails.set(&room(0), 1);
        for number in 1..=HALF {
            tails.set(&room(number), 1);
        }
        tails.set(&room(0), 2);
        assert_eq!(tails.get(&room(0)), Some(2));
        tails.forget(&room(0));
        assert_eq!(tails.get(&room(0)), None);
    }
}
