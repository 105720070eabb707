//! A disk that forgets what was not synced.
//!
//! What was synced is there after a power cut. Of what was written since, any of it may be there: each sector as it was
//! at the last sync or after any later write to it, whatever became of the other sectors; the file as long as it ever was
//! since, and cut short before or after what was written when it was. Names that were given or taken since the folder was last synced may or may not have changed.
//!
//! When a sync fails, what it was for may never arrive, though a later sync says that all is well: the system takes it for
//! written, and only what is written again is tried again (as Linux does it).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::record::Event;

/// What the system writes at a time; writing a byte of it writes all of it.
const PAGE: usize = 4096;

/// The files of a folder, by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The disk under one folder.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<Content>,
    /// Which file each name means.
    names: BTreeMap<String, Name>,
    /// It takes syncs for done, and does nothing.
    lies: bool,
}

/// What a name means, and what it meant at each moment since the folder was last synced.
#[derive(Debug, Default)]
struct Name {
    durable: Option<usize>,
    /// With the event that changed it.
    since: Vec<(usize, Option<usize>)>,
}

#[derive(Debug, Default)]
struct Content {
    durable: Vec<u8>,
    newest: Vec<u8>,
    /// In the order in which they were made.
    pending: Vec<Change>,
}

/// Something written, or a part of it.
#[derive(Debug, Clone)]
struct Change {
    event: usize,
    at: usize,
    bytes: Vec<u8>,
    /// How long the file was after it.
    length: usize,
    /// The file was cut off here; nothing was written.
    cuts: bool,
    /// A sync of it failed.
    failed: bool,
}

impl Disk {
    /// A disk on which these files are safe.
    pub(crate) fn with(files: Files) -> Self {
        let mut disk = Self::default();
        for (name, bytes) in files {
            let file = disk.files.len();
            disk.files.push(Content { newest: bytes.clone(), durable: bytes, pending: Vec::new() });
            disk.names.insert(name, Name { durable: Some(file), since: Vec::new() });
        }
        disk
    }

    /// The same disk, but from now on it takes syncs for done without doing them.
    pub(crate) fn that_lies(mut self, lies: bool) -> Self {
        self.lies = lies;
        self
    }

    /// Event number `index` happens.
    pub(crate) fn take(&mut self, index: usize, event: &Event) {
        match event {
            Event::Made(name) => {
                self.files.push(Content::default());
                let file = self.files.len() - 1;
                self.names.entry(name.clone()).or_default().since.push((index, Some(file)));
            }
            Event::Removed(name) => {
                self.names.entry(name.clone()).or_default().since.push((index, None));
            }
            Event::Wrote { name, at, bytes } => {
                if let Some(content) = self.content(name) {
                    content.write(index, *at, bytes);
                }
            }
            Event::Length { name, bytes } => {
                if let Some(content) = self.content(name) {
                    content.set_length(index, *bytes);
                }
            }
            Event::Synced { .. } | Event::FolderSynced { .. } if self.lies => {}
            Event::Synced { name, began } => {
                if let Some(content) = self.content(name) {
                    content.sync(*began);
                }
            }
            Event::SyncFailed { name, began } => {
                if let Some(content) = self.content(name) {
                    content.fail_to_sync(*began);
                }
            }
            Event::FolderSynced { began } => self.sync_names(*began),
            Event::PowerFailed { luck } => *self = Self::with(self.after_a_cut(*luck)).that_lies(self.lies),
            Event::Said(_) | Event::Ended => {}
        }
    }

    /// The files as a running process sees them.
    pub(crate) fn seen(&self) -> Files {
        let newest = |(name, meaning): (&String, &Name)| {
            Some((name.clone(), self.files[meaning.newest()?].newest.clone()))
        };
        self.names.iter().filter_map(newest).collect()
    }

    /// Whether a power cut now would leave more than one thing possible.
    pub(crate) fn is_at_risk(&self) -> bool {
        self.files.iter().any(|content| !content.pending.is_empty())
            || self.names.values().any(|name| !name.since.is_empty())
    }

    /// The files after a power cut; the same for the same seed.
    pub(crate) fn after_a_cut(&self, luck: u64) -> Files {
        let mut dice = StdRng::seed_from_u64(luck);
        let fate = Fate::draw(&mut dice);
        let sector = if dice.random_bool(0.5) { 512 } else { PAGE };
        let mut files = Files::new();
        for (name, meaning) in &self.names {
            if let Some(file) = meaning.after_a_cut(fate, &mut dice) {
                files.insert(name.clone(), self.files[file].after_a_cut(fate, sector, &mut dice));
            }
        }
        files
    }

    fn content(&mut self, name: &str) -> Option<&mut Content> {
        let file = self.names.get(name)?.newest()?;
        self.files.get_mut(file)
    }

    fn sync_names(&mut self, began: usize) {
        for name in self.names.values_mut() {
            let done = name.since.partition_point(|(event, _)| *event < began);
            if let Some((_, last)) = name.since.drain(..done).next_back() {
                name.durable = last;
            }
        }
        // Most of a long record is files that are gone for good.
        for file in 0..self.files.len() {
            if !self.names.values().any(|name| name.may_mean(file)) {
                self.files[file] = Content::default();
            }
        }
    }
}

impl Name {
    fn newest(&self) -> Option<usize> {
        self.since.last().map_or(self.durable, |(_, file)| *file)
    }

    fn may_mean(&self, file: usize) -> bool {
        self.durable == Some(file) || self.since.iter().any(|(_, meant)| *meant == Some(file))
    }

    fn after_a_cut(&self, fate: Fate, dice: &mut StdRng) -> Option<usize> {
        let survived = fate.version(self.since.len(), dice);
        survived.checked_sub(1).map_or(self.durable, |last| self.since[last].1)
    }
}

impl Content {
    fn write(&mut self, event: usize, at: usize, bytes: &[u8]) {
        if self.newest.len() < at + bytes.len() {
            self.newest.resize(at + bytes.len(), 0);
        }
        self.newest[at..at + bytes.len()].copy_from_slice(bytes);
        let length = self.newest.len();
        self.pending.push(Change { event, at, bytes: bytes.to_vec(), length, cuts: false, failed: false });
    }

    fn set_length(&mut self, event: usize, length: usize) {
        let at = length.min(self.newest.len());
        self.newest.resize(length, 0);
        self.pending.push(Change { event, at, bytes: Vec::new(), length, cuts: true, failed: false });
    }

    fn sync(&mut self, began: usize) {
        let is_done = |change: &Change| change.event < began && !change.failed;
        let done: BTreeSet<usize> =
            self.pending.iter().filter(|change| is_done(change)).flat_map(Change::pages).collect();
        for change in self.pending.iter().filter(|change| change.event < began) {
            if change.cuts {
                self.durable.truncate(change.at);
            }
            self.durable.resize(change.length, 0);
        }
        // Pages are written as they are now, with what was written to them by the way.
        for page in &done {
            let from = (page * PAGE).min(self.newest.len());
            let to = (from + PAGE).min(self.newest.len()).min(self.durable.len());
            if from < to {
                self.durable[from..to].copy_from_slice(&self.newest[from..to]);
            }
        }
        self.pending.retain(|change| {
            // That the file was cut off is no page that could get lost.
            let is_settled = change.failed && change.pages().all(|page| done.contains(&page));
            !(is_done(change) || is_settled || (change.cuts && change.event < began))
        });
        for late in self.pending.iter_mut().filter(|change| change.event < began) {
            late.length = self.durable.len();
        }
    }

    fn fail_to_sync(&mut self, began: usize) {
        let (before, after): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|change| change.event < began);
        for change in before {
            let pieces = change.in_pages();
            self.pending.extend(pieces.into_iter().map(|piece| Change { failed: true, ..piece }));
        }
        self.pending.extend(after);
    }

    fn after_a_cut(&self, fate: Fate, sector: usize, dice: &mut StdRng) -> Vec<u8> {
        let mut writes: HashMap<usize, usize> = HashMap::new();
        for number in self.pending.iter().flat_map(|change| change.sectors(sector)) {
            *writes.entry(number).or_default() += 1;
        }
        let all = self.pending.len();
        let whole = fate.version(all, dice);
        // Lengths change in their order. The file may have grown before what made it grow has arrived.
        let reached = if fate == Fate::InOrder && dice.random_bool(0.5) { all.min(whole + 1) } else { whole };
        let length = reached.checked_sub(1).map_or(self.durable.len(), |last| self.pending[last].length);
        let longest = self.pending.iter().map(Change::end).max().unwrap_or(0);
        let mut bytes = self.durable.clone();
        bytes.resize(longest.max(length).max(bytes.len()), 0);
        // How many of the writes to a sector arrived, and how many were looked at.
        let mut fates: HashMap<usize, (usize, usize)> = HashMap::new();
        for (order, change) in self.pending.iter().enumerate() {
            if change.cuts {
                if order >= reached {
                    // What was written later has no place in the file as it was.
                    break;
                }
                bytes[change.at..].fill(0);
            }
            for number in change.sectors(sector) {
                let of_sector = writes.get(&number).copied().unwrap_or_default();
                let (arrived, looked_at) =
                    fates.entry(number).or_insert_with(|| (fate.version(of_sector, dice), 0));
                let here = match fate {
                    // In their order, and the last one torn.
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

    /// Writes what of it is in `range`.
    fn put(&self, range: std::ops::Range<usize>, into: &mut [u8]) {
        let from = self.at.max(range.start);
        let to = self.end().min(range.end);
        if from < to {
            into[from..to].copy_from_slice(&self.bytes[from - self.at..to - self.at]);
        }
    }
}

/// What becomes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Nothing,
    Everything,
    /// What was written first arrives first.
    InOrder,
    /// Each by itself; nearly all, nearly nothing or about half of it.
    ByChance(f64),
}

impl Fate {
    fn draw(dice: &mut StdRng) -> Self {
        match dice.random_range(0..10) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2..5 => Self::InOrder,
            5 | 6 => Self::ByChance(0.5),
            7 | 8 => Self::ByChance(0.95),
            _ => Self::ByChance(0.05),
        }
    }

    /// Which of `count` newer versions of something is there; 0 is the durable one.
    fn version(self, count: usize, dice: &mut StdRng) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => count,
            Self::InOrder => dice.random_range(0..=count),
            Self::ByChance(chance) if count > 0 && dice.random_bool(chance) => count,
            Self::ByChance(_) => dice.random_range(0..=count).saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrote(at: usize, byte: u8, bytes: usize) -> Event {
        Event::Wrote { name: "f".to_owned(), at, bytes: vec![byte; bytes] }
    }

    fn synced(began: usize) -> Event {
        Event::Synced { name: "f".to_owned(), began }
    }

    /// A disk on which the file `f`, two pages of 1, is safe, and then all this happened.
    fn after(events: &[Event]) -> Disk {
        let mut disk = Disk::with(Files::from([("f".to_owned(), vec![1; 2 * PAGE])]));
        for (index, event) in events.iter().enumerate() {
            disk.take(index, event);
        }
        disk
    }

    /// What cuts of many seeds leave of `f`.
    fn left(disk: &Disk) -> BTreeSet<Option<Vec<u8>>> {
        (0..200).map(|luck| disk.after_a_cut(luck).remove("f")).collect()
    }

    #[test]
    fn what_was_synced_is_there_whatever_the_luck() {
        let disk = after(&[wrote(0, 2, PAGE), synced(1)]);
        let expected = [vec![2; PAGE], vec![1; PAGE]].concat();
        assert_eq!(left(&disk), BTreeSet::from([Some(expected)]));
        assert!(!disk.is_at_risk());
    }

    #[test]
    fn what_was_not_synced_may_be_there_in_part_and_in_any_order() {
        let disk = after(&[wrote(0, 2, 1024), wrote(1024, 3, 1024)]);
        let starts: BTreeSet<_> =
            left(&disk).into_iter().flatten().map(|bytes| [0, 512, 1024, 1536].map(|at| bytes[at])).collect();
        for possible in [[1, 1, 1, 1], [2, 2, 3, 3], [2, 2, 1, 1], [1, 1, 3, 3], [1, 2, 1, 1]] {
            assert!(starts.contains(&possible), "{possible:?} of {starts:?}");
        }
        assert!(starts.iter().all(|[a, b, c, d]| *a < 3 && *b < 3 && *c != 2 && *d != 2), "{starts:?}");
    }

    #[test]
    fn what_came_while_a_sync_was_under_way_is_not_covered_by_it() {
        let disk = after(&[wrote(0, 2, 512), wrote(PAGE, 3, 512), synced(1)]);
        let seen: BTreeSet<_> =
            left(&disk).into_iter().flatten().map(|bytes| (bytes[0], bytes[PAGE])).collect();
        assert_eq!(seen, BTreeSet::from([(2, 1), (2, 3)]));
    }

    #[test]
    fn what_a_failed_sync_was_for_may_be_lost_though_a_later_one_ends_well() {
        let failed = Event::SyncFailed { name: "f".to_owned(), began: 1 };
        let disk = after(&[wrote(0, 2, 512), failed.clone(), wrote(PAGE, 3, 512), synced(3)]);
        let seen: BTreeSet<_> =
            left(&disk).into_iter().flatten().map(|bytes| (bytes[0], bytes[PAGE])).collect();
        assert_eq!(seen, BTreeSet::from([(1, 3), (2, 3)]));
        let written_again = after(&[wrote(0, 2, 512), failed, wrote(0, 2, 512), synced(3)]);
        assert_eq!(left(&written_again).len(), 1);
    }

    #[test]
    fn a_file_that_was_cut_short_is_as_it_was_before_or_after() {
        let disk = after(&[Event::Length { name: "f".to_owned(), bytes: 0 }]);
        assert_eq!(left(&disk), BTreeSet::from([Some(Vec::new()), Some(vec![1; 2 * PAGE])]));
    }

    #[test]
    fn a_name_is_safe_once_its_folder_is_synced() {
        let made = || Event::Made("new".to_owned());
        let there = |disk: &Disk| -> BTreeSet<bool> {
            (0..200).map(|luck| disk.after_a_cut(luck).contains_key("new")).collect()
        };
        assert_eq!(there(&after(&[made()])), BTreeSet::from([false, true]));
        assert_eq!(there(&after(&[made(), Event::FolderSynced { began: 1 }])), BTreeSet::from([true]));
        assert_eq!(left(&after(&[Event::Removed("f".to_owned())])).len(), 2);
    }

    #[test]
    fn one_seed_leaves_the_same_files_each_time() {
        let disk = after(&[wrote(100, 2, 5_000), wrote(0, 3, 700), wrote(9_000, 4, 3_000)]);
        for luck in 0..50 {
            assert_eq!(disk.after_a_cut(luck), disk.after_a_cut(luck));
        }
    }
}
