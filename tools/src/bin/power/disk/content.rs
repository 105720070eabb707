//! One file.

use std::collections::{BTreeSet, HashMap};

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::fate::Fate;

/// The page size of the system: writing one byte writes its whole page.
pub(super) const PAGE: usize = 4096;

/// What is in a file: safely, as a process sees it, and what was done in between.
#[derive(Debug, Default)]
pub(super) struct Content {
    durable: Vec<u8>,
    pub(super) newest: Vec<u8>,
    /// The changes since the last sync, in order.
    pending: Vec<Change>,
}

/// A write, or a part of one.
#[derive(Debug, Clone)]
struct Change {
    event: usize,
    at: usize,
    bytes: Vec<u8>,
    /// The length of the file after it.
    length: usize,
    /// Whether it truncated the file here, and wrote nothing.
    cuts: bool,
    /// Whether a sync of it failed.
    failed: bool,
}

impl Content {
    /// A file that is safe.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { newest: bytes.clone(), durable: bytes, pending: Vec::new() }
    }

    /// Returns whether a power cut now would have more than one possible result.
    pub(super) fn is_at_risk(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn write(&mut self, event: usize, at: usize, bytes: &[u8]) {
        if self.newest.len() < at + bytes.len() {
            self.newest.resize(at + bytes.len(), 0);
        }
        self.newest[at..at + bytes.len()].copy_from_slice(bytes);
        let length = self.newest.len();
        self.pending.push(Change { event, at, bytes: bytes.to_vec(), length, cuts: false, failed: false });
    }

    pub(super) fn set_length(&mut self, event: usize, length: usize) {
        let at = length.min(self.newest.len());
        self.newest.resize(length, 0);
        self.pending.push(Change { event, at, bytes: Vec::new(), length, cuts: true, failed: false });
    }

    pub(super) fn sync(&mut self, began: usize) {
        let is_done = |change: &Change| change.event < began && !change.failed;
        let done: BTreeSet<usize> =
            self.pending.iter().filter(|change| is_done(change)).flat_map(Change::pages).collect();
        for change in self.pending.iter().filter(|change| change.event < began) {
            if change.cuts {
                self.durable.truncate(change.at);
            }
            self.durable.resize(change.length, 0);
        }
        // Pages are written as they are now, including later writes to them.
        for page in &done {
            let from = (page * PAGE).min(self.newest.len());
            let to = (from + PAGE).min(self.newest.len()).min(self.durable.len());
            if from < to {
                self.durable[from..to].copy_from_slice(&self.newest[from..to]);
            }
        }
        self.pending.retain(|change| {
            // The truncation itself is not a page that could get lost.
            let is_settled = change.failed && change.pages().all(|page| done.contains(&page));
            !(is_done(change) || is_settled || (change.cuts && change.event < began))
        });
        for late in self.pending.iter_mut().filter(|change| change.event < began) {
            late.length = self.durable.len();
        }
    }

    pub(super) fn fail_to_sync(&mut self, began: usize) {
        let (before, after): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|change| change.event < began);
        for change in before {
            let pieces = change.in_pages();
            self.pending.extend(pieces.into_iter().map(|piece| Change { failed: true, ..piece }));
        }
        self.pending.extend(after);
    }

    pub(super) fn after_a_cut(&self, fate: Fate, sector: usize, dice: &mut StdRng) -> Vec<u8> {
        let mut writes: HashMap<usize, usize> = HashMap::new();
        for number in self.pending.iter().flat_map(|change| change.sectors(sector)) {
            *writes.entry(number).or_default() += 1;
        }
        let all = self.pending.len();
        let whole = fate.version(all, dice);
        // Lengths change in order. The file may have grown before the data that made it grow
        // arrived.
        let reached = if fate == Fate::InOrder && dice.random_bool(0.5) { all.min(whole + 1) } else { whole };
        let length = reached.checked_sub(1).map_or(self.durable.len(), |last| self.pending[last].length);
        let longest = self.pending.iter().map(Change::end).max().unwrap_or(0);
        let mut bytes = self.durable.clone();
        bytes.resize(longest.max(length).max(bytes.len()), 0);
        // How many of the writes to a sector arrived, and how many have been applied.
        let mut fates: HashMap<usize, (usize, usize)> = HashMap::new();
        for (order, change) in self.pending.iter().enumerate() {
            if change.cuts {
                if order >= reached {
                    // Later writes have no place in the file as it was.
                    break;
                }
                bytes[change.at..].fill(0);
            }
            for number in change.sectors(sector) {
                let of_sector = writes.get(&number).copied().unwrap_or_default();
                let (arrived, looked_at) =
                    fates.entry(number).or_insert_with(|| (fate.version(of_sector, dice), 0));
                let here = match fate {
                    // In order, and the last one torn.
                    Fate::InOrder => order < whole || (order == whole && dice.random_bool(0.5)),
                    _ => *looked_at < *arrived,
                };
                *looked_at += 1;
                if here {
                    change.put(number * sector..(number + 1) * sector, &mut bytes);
                }
            }
        }
        bytes.resize(length, 0);
        bytes
    }
}

impl Change {
    fn pages(&self) -> std::ops::Range<usize> {
        self.sectors(PAGE)
    }

    fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    fn sectors(&self, size: usize) -> std::ops::Range<usize> {
        if self.bytes.is_empty() { 0..0 } else { self.at / size..self.end().div_ceil(size) }
    }

    fn in_pages(self) -> Vec<Self> {
        let pages = self.pages();
        if pages.is_empty() {
            return vec![self];
        }
        let piece = |page: usize| {
            let from = self.at.max(page * PAGE);
            let to = self.end().min((page + 1) * PAGE);
            Self { at: from, bytes: self.bytes[from - self.at..to - self.at].to_vec(), ..self.clone() }
        };
        pages.map(piece).collect()
    }

    /// Writes the part of it that is in `range`.
    fn put(&self, range: std::ops::Range<usize>, into: &mut [u8]) {
        let from = self.at.max(range.start);
        let to = self.end().min(range.end);
        if from < to {
            into[from..to].copy_from_slice(&self.bytes[from - self.at..to - self.at]);
        }
    }
}
