//! A cache of history entries, so that not every page is read from the log.
//!
//! What happened never changes, so an entry never becomes invalid. The cache has a bounded
//! size.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::RoomKey;
use crate::history::page::{PAGE_BYTES, Page};

/// The most bytes of entries of all orders. Overflow: the least recently used order is
/// dropped.
const ALL_BYTES: usize = 32 << 20;

/// The most bytes of entries read from the log of one order. Overflow: the earliest entries
/// are dropped, and read again for each page.
const READ_BYTES: usize = 12 << 20;

/// The most bytes of entries that were added to one order since. Overflow: as above.
const ADDED_BYTES: usize = 2 << 20;

/// The approximate size of an entry without its text.
const BYTES_EACH: usize = 40;

/// The approximate size of an order without its entries.
const BYTES_OF_A_ROOM: usize = 512;

/// Consecutive entries without a gap.
#[derive(Debug)]
pub(crate) struct Run {
    /// The sequence number before the first entry.
    before: u64,
    list: VecDeque<Box<str>>,
    bytes: usize,
    most_bytes: usize,
}

impl Run {
    /// Creates an empty run that starts after the sequence number `before`.
    fn after(before: u64, most_bytes: usize) -> Self {
        Self { before, list: VecDeque::new(), bytes: 0, most_bytes }
    }

    /// Creates an empty run for an order that is read from its first fact.
    pub(crate) fn from_the_start() -> Self {
        Self::after(0, READ_BYTES)
    }

    /// Adds the next entry. Drops the earliest if there are too many bytes.
    pub(crate) fn push(&mut self, entry: String) {
        self.bytes = self.bytes.saturating_add(entry.len()).saturating_add(BYTES_EACH);
        self.list.push_back(entry.into_boxed_str());
        while self.bytes > self.most_bytes
            && let Some(earliest) = self.list.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(earliest.len()).saturating_sub(BYTES_EACH);
            self.before = self.before.saturating_add(1);
        }
    }

    /// Returns the sequence number of the last entry.
    fn last(&self) -> u64 {
        self.before.saturating_add(self.list.len() as u64)
    }

    fn get(&self, seq: u64) -> Option<&str> {
        let place = usize::try_from(seq.checked_sub(self.before)?.checked_sub(1)?).ok()?;
        self.list.get(place).map(AsRef::as_ref)
    }
}

/// The entries cached of one order: those read from its log, and those added while it was
/// in memory. There may be a gap between the two, or they may overlap.
#[derive(Debug)]
struct Transcript {
    read: Run,
    added: Run,
    used: u64,
}

impl Transcript {
    fn get(&self, seq: u64) -> Option<&str> {
        self.added.get(seq).or_else(|| self.read.get(seq))
    }

    fn bytes(&self) -> usize {
        BYTES_OF_A_ROOM.saturating_add(self.read.bytes).saturating_add(self.added.bytes)
    }
}

/// The cached entries of all orders.
#[derive(Debug, Default)]
pub(crate) struct Transcripts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rooms: HashMap<RoomKey, Transcript>,
    /// The rooms in the order of their last use.
    by_use: BTreeMap<u64, RoomKey>,
    uses: u64,
    bytes: usize,
}

impl Transcripts {
    /// Returns the page of at most `limit` entries that ends with the entry `end`, if it is
    /// cached.
    pub(crate) fn page(&self, room: &RoomKey, end: u64, limit: usize) -> Option<Page> {
        let mut state = self.lock();
        let transcript = state.used(room)?;
        let mut page = Page::default();
        let mut seq = end;
        while seq > 0 && page.entries.len() < limit {
            let entry = transcript.get(seq)?;
            page.bytes = page.bytes.saturating_add(entry.len());
            if page.bytes > PAGE_BYTES && !page.entries.is_empty() {
                break;
            }
            page.entries.push_front(entry.to_owned());
            seq = seq.saturating_sub(1);
        }
        page.more = seq > 0;
        Some(page)
    }

    /// Returns where to read to for a page that ends with the entry `end`, of an order with
    /// `last` entries. That is `last`, so that later pages are cached as well, unless the
    /// entries after this page already are.
    pub(crate) fn read_to(&self, room: &RoomKey, end: u64, last: u64) -> u64 {
        let state = self.lock();
        let is_before = state
            .rooms
            .get(room)
            .is_some_and(|known| !known.read.list.is_empty() && end <= known.read.last());
        if is_before { end } else { last }
    }

    /// Caches what was read of an order, unless more is cached.
    pub(crate) fn keep(&self, room: &RoomKey, read: Run) {
        let mut state = self.lock();
        let before = state.open(room);
        let Some(transcript) = state.rooms.get_mut(room) else { return };
        if transcript.read.last() < read.last() {
            transcript.read = read;
        }
        state.count(room, before);
    }

    /// Starts to cache what happens in an order, as [`Transcripts::add`] reports it.
    pub(crate) fn begin(&self, room: &RoomKey) {
        let mut state = self.lock();
        let before = state.open(room);
        state.count(room, before);
    }

    /// Caches what happened in an order. Returns whether further entries are wanted.
    pub(crate) fn add(&self, room: &RoomKey, seq: u64, entry: String) -> bool {
        let mut state = self.lock();
        let Some(transcript) = state.rooms.get_mut(room) else { return false };
        let before = transcript.bytes();
        if transcript.added.last().saturating_add(1) != seq {
            transcript.added = Run::after(seq.saturating_sub(1), ADDED_BYTES);
        }
        transcript.added.push(entry);
        state.count(room, before);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Marks an order as just used.
    fn used(&mut self, room: &RoomKey) -> Option<&Transcript> {
        let transcript = self.rooms.get_mut(room)?;
        self.by_use.remove(&transcript.used);
        self.uses = self.uses.saturating_add(1);
        transcript.used = self.uses;
        self.by_use.insert(self.uses, room.clone());
        Some(transcript)
    }

    /// Adds an order if it is not there. Returns the size of its entries.
    fn open(&mut self, room: &RoomKey) -> usize {
        if let Some(known) = self.used(room) {
            return known.bytes();
        }
        self.uses = self.uses.saturating_add(1);
        let (read, added) = (Run::from_the_start(), Run::after(0, ADDED_BYTES));
        self.rooms.insert(room.clone(), Transcript { read, added, used: self.uses });
        self.by_use.insert(self.uses, room.clone());
        0
    }

    /// Updates the total after an order changed from `before` bytes, and drops the least
    /// recently used orders if it is too large.
    fn count(&mut self, room: &RoomKey, before: usize) {
        let now = self.rooms.get(room).map_or(0, Transcript::bytes);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(now);
        while self.bytes > ALL_BYTES
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            if let Some(forgotten) = self.rooms.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(forgotten.bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: usize) -> RoomKey {
        RoomKey::new("main", &number.to_string()).unwrap()
    }

    fn run(last: u64, bytes: usize) -> Run {
        let mut run = Run::from_the_start();
        for seq in 1..=last {
            run.push(format!("{}{seq}", "0".repeat(bytes - seq.to_string().len())));
        }
        run
    }

    fn seqs(page: &Page) -> Vec<u64> {
        page.entries.iter().map(|entry| entry.parse().unwrap()).collect()
    }

    #[test]
    fn a_page_is_told_from_what_was_read_and_what_happened_since() {
        let (transcripts, table) = (Transcripts::default(), room(1));
        assert!(transcripts.page(&table, 1, 1).is_none());
        transcripts.begin(&table);
        assert!(transcripts.add(&table, 6, "6".to_owned()));
        transcripts.keep(&table, run(5, 1));
        assert!(transcripts.add(&table, 7, "7".to_owned()));
        let page = transcripts.page(&table, 7, 4).unwrap();
        assert_eq!((seqs(&page), page.more), (vec![4, 5, 6, 7], true));
        let first = transcripts.page(&table, 3, 200).unwrap();
        assert_eq!((seqs(&first), first.more), (vec![1, 2, 3], false));
        assert!(transcripts.page(&table, 8, 1).is_none(), "not yet");
    }

    #[test]
    fn no_page_has_a_gap() {
        let (transcripts, table) = (Transcripts::default(), room(1));
        transcripts.keep(&table, run(5, 1));
        for seq in [7, 8, 20] {
            assert!(transcripts.add(&table, seq, seq.to_string()));
        }
        assert_eq!(seqs(&transcripts.page(&table, 20, 1).unwrap()), [20]);
        for end in [6, 7, 8, 19, 21] {
            assert!(transcripts.page(&table, end, 3).is_none(), "{end}");
        }
        assert!(transcripts.page(&table, 20, 2).is_none());
        assert_eq!(transcripts.read_to(&table, 20, 25), 25);
        assert_eq!(transcripts.read_to(&table, 3, 25), 3);
    }

    #[test]
    fn what_is_kept_is_bounded_for_an_order_and_for_all() {
        let transcripts = Transcripts::default();
        transcripts.keep(&room(0), run(2_000, 10_000));
        assert!(transcripts.lock().bytes <= READ_BYTES + BYTES_OF_A_ROOM);
        assert!(
            transcripts.page(&room(0), 2_000, 20).is_some() && transcripts.page(&room(0), 20, 20).is_none()
        );
        for seq in 1..=1_000 {
            transcripts.add(&room(0), seq, "x".repeat(10_000));
        }
        assert!(transcripts.lock().bytes <= READ_BYTES + ADDED_BYTES + BYTES_OF_A_ROOM);
        for number in 1..20 {
            transcripts.keep(&room(number), run(400, 10_000));
            assert!(transcripts.lock().bytes <= ALL_BYTES);
        }
        let state = transcripts.lock();
        assert_eq!(state.rooms.len(), state.by_use.len());
        assert_eq!(state.bytes, state.rooms.values().map(Transcript::bytes).sum::<usize>());
        assert!(state.rooms.contains_key(&room(19)) && !state.rooms.contains_key(&room(0)));
        drop(state);
        assert!(!transcripts.add(&room(0), 1_001, String::new()), "nobody asks for it any more");
    }

    #[test]
    fn a_page_has_no_more_bytes_than_it_may_but_at_least_one_entry() {
        let (transcripts, table) = (Transcripts::default(), room(1));
        transcripts.keep(&table, run(10, PAGE_BYTES / 2 - 1));
        let page = transcripts.page(&table, 10, 200).unwrap();
        assert_eq!((seqs(&page), page.more), (vec![9, 10], true));
        let large = room(2);
        transcripts.keep(&large, run(2, PAGE_BYTES + 1));
        let page = transcripts.page(&large, 2, 200).unwrap();
        assert_eq!((page.entries.len(), page.more), (1, true));
    }
}
