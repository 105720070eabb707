//! The recent events of a room, for sockets that resume.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::Cursor;

/// How many events are kept at most.
const MAX_EVENTS: usize = 1_024;
/// How many bytes they may have together. A client that has missed more gets the full
/// state, which is hardly larger.
const MAX_BYTES: usize = 256 * 1024;

/// The recent events of a room, without gaps.
#[derive(Debug)]
pub(super) struct Events {
    /// The position before the first event.
    before: Cursor,
    /// Each event with the position after it.
    list: VecDeque<(Cursor, Bytes)>,
    bytes: usize,
}

impl Events {
    /// Creates an empty list that starts at this position.
    pub(super) fn after(place: Cursor) -> Self {
        Self { before: place, list: VecDeque::new(), bytes: 0 }
    }

    /// Adds the next event and the position after it. Drops the oldest if there are too many.
    pub(super) fn push(&mut self, place: Cursor, event: Bytes) {
        self.bytes = self.bytes.saturating_add(event.len());
        self.list.push_back((place, event));
        while self.list.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some((place, oldest)) = self.list.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.len());
            self.before = place;
        }
    }

    /// Returns all events after the position `since`. `None`: it is too old, lies in the
    /// future, or belongs to another history.
    pub(super) fn since(&self, since: Cursor) -> Option<Vec<&str>> {
        let skipped = usize::try_from(since.seq().checked_sub(self.before.seq())?).ok()?;
        let place = match skipped.checked_sub(1) {
            None => &self.before,
            Some(last) => &self.list.get(last)?.0,
        };
        if *place != since {
            return None;
        }
        self.list.iter().skip(skipped).map(|(_, event)| std::str::from_utf8(event).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Link;

    #[test]
    fn what_was_missed_comes_once_and_in_order() {
        let mut events = Events::after(place(3));
        for seq in 4..=6 {
            events.push(place(seq), Bytes::from(seq.to_string()));
        }
        assert_eq!(events.since(place(3)).unwrap(), ["4", "5", "6"]);
        assert_eq!(events.since(place(5)).unwrap(), ["6"]);
        assert!(events.since(place(6)).unwrap().is_empty());
        assert_eq!(events.since(place(2)), None, "too far back");
        assert_eq!(events.since(place(7)), None, "it has not come yet");
        for seq in 2..=7 {
            assert_eq!(events.since(Cursor::new(seq, Link::new([99; 16]))), None, "{seq} of another history");
        }
    }

    #[test]
    fn the_oldest_fall_out() {
        let mut events = Events::after(place(0));
        for seq in 1..=MAX_EVENTS as u64 + 5 {
            events.push(place(seq), Bytes::from(seq.to_string()));
        }
        assert_eq!(events.since(place(4)), None);
        assert_eq!(events.since(place(5)).unwrap().len(), MAX_EVENTS);
        events.push(place(MAX_EVENTS as u64 + 6), Bytes::from(vec![b'x'; MAX_BYTES]));
        assert_eq!(events.list.len(), 1);
        assert_eq!(events.since(place(MAX_EVENTS as u64 + 5)).unwrap().len(), 1);
    }

    fn place(seq: u64) -> Cursor {
        let [.., low, lowest] = seq.to_be_bytes();
        Cursor::new(seq, Link::new([low, lowest, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]))
    }
}
