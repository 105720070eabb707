//! A model of a disk that loses what was not synced.
//!
//! After a power cut, everything that was synced is there. Any of what was written since
//! may be there: each sector as at the last sync or after any later write to it,
//! independently of other sectors. The file has any length that it had since, and may be
//! truncated before or after a write as it was at the time. Names that were created or
//! removed since the folder was last synced may or may not have changed.
//!
//! When a sync fails, its data may never arrive, even if a later sync succeeds: the system
//! considers it written, and only rewritten data is written again (as on Linux).

mod content;
mod fate;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use content::{Content, PAGE};
use fate::Fate;
use name::Name;

use crate::record::Event;

/// The files of a folder, by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The disk under one folder.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<Content>,
    /// The file that each name refers to.
    names: BTreeMap<String, Name>,
    /// Whether syncs succeed without doing anything.
    lies: bool,
}

impl Disk {
    /// Creates a disk on which these files are synced.
    pub(crate) fn with(files: Files) -> Self {
        let mut disk = Self::default();
        for (name, bytes) in files {
            let file = disk.files.len();
            disk.files.push(Content::of(bytes));
            disk.names.insert(name, Name { durable: Some(file), since: Vec::new() });
        }
        disk
    }

    /// Sets whether syncs succeed without doing anything.
    pub(crate) fn that_lies(mut self, lies: bool) -> Self {
        self.lies = lies;
        self
    }

    /// Applies event number `index`.
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

    /// Returns the files as a running process sees them.
    pub(crate) fn seen(&self) -> Files {
        let newest = |(name, meaning): (&String, &Name)| {
            Some((name.clone(), self.files[meaning.newest()?].newest.clone()))
        };
        self.names.iter().filter_map(newest).collect()
    }

    /// Returns whether a power cut now would have more than one possible result.
    pub(crate) fn is_at_risk(&self) -> bool {
        self.files.iter().any(Content::is_at_risk) || self.names.values().any(|name| !name.since.is_empty())
    }

    /// Returns the files after a power cut; the same for the same seed.
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
        // Frees the contents of removed files, which are most of a long record.
        for file in 0..self.files.len() {
            if !self.names.values().any(|name| name.may_mean(file)) {
                self.files[file] = Content::default();
            }
        }
    }
}
