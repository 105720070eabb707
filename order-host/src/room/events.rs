//! The last events of a room, for sockets that come back.

use std::collections::VecDeque;

use bytes::Bytes;

/// How many events are kept at the most.
const MAX_EVENTS: usize = 1_024;
/// How many bytes they may have together. Whoever has missed more gets the full state, which is hardly larger.
const MAX_BYTES: usize = 256 * 1024;

/// The last events of a room, with no gap between them.
#[derive(Debug)]
pub(super) struct Events {
    /// The sequence number before the first of them.
    before: u64,
    list: VecDeque<Bytes>,
    bytes: usize,
}

impl Events {
    /// None yet, after the fact with this sequence number.
    pub(super) fn after(seq: u64) -> Self {
        Self { before: seq, list: VecDeque::new(), bytes: 0 }
    }

    /// Adds the next. The oldest fall out when there are too many.
    pub(super) fn push(&mut self, event: Bytes) {
        self.bytes = self.bytes.saturating_add(event.len());
        self.list.push_back(event);
        while self.list.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.list.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.len());
            self.before = self.before.saturating_add(1);
        }
    }

    /// Everything after the event `since`; nothing if that is too far back, or has not happened.
    pub(super) fn since(&self, since: u64) -> Option<Vec<&str>> {
        let skipped = usize::try_from(since.checked_sub(self.before)?).ok()?;
        if skipped > self.list.len() {
            return None;
        }
        self.list.iter().skip(skipped).map(|event| std::str::from_utf8(event).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_comes_once_and_in_order() {
        let mut events = Events::after(3);
        for seq in 4..=6 {
            events.push(Bytes::from(seq.to_string()));
        }
        assert_eq!(events.since(3).unwrap(), ["4", "5", "6"]);
        assert_eq!(events.since(5).unwrap(), ["6"]);
        assert!(events.since(6).unwrap().is_empty());
        assert_eq!(events.since(2), None, "too far back");
        assert_eq!(events.since(7), None, "of another log");
    }

    #[test]
    fn the_oldest_fall_out() {
        let mut events = Events::after(0);
        for seq in 1..=MAX_EVENTS + 5 {
            events.push(Bytes::from(seq.to_string()));
        }
        assert_eq!(events.since(4), None);
        assert_eq!(events.since(5).unwrap().len(), MAX_EVENTS);
        events.push(Bytes::from(vec![b'x'; MAX_BYTES]));
        assert_eq!(events.list.len(), 1);
        assert_eq!(events.since(MAX_EVENTS as u64 + 5).unwrap().len(), 1);
    }
}
