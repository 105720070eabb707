//! A disk that forgets what was not synced.
//!
//! What was synced is there after a power cut. Of what was written since, any of it may be there: each sector as it was
//! at the last sync or after any later write to it, whatever became of the other sectors; the file as long as it ever was
//! since, and cut short before or after what was written when it was. Names that were given or taken since the folder was last synced may or may not have changed.
//!
//! When a sync fails, what it was for may never arrive, though a later sync says that all is well: the system takes it for
//! written, and only what is written again is tried again (as Linux does it).

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
    /// Which file each name means.
    names: BTreeMap<String, Name>,
    /// It takes syncs for done, and does nothing.
    lies: bool,
}

impl Disk {
    /// A disk on which these files are safe.
    pub(crate) fn with(files: Files) -> Self {
        let mut disk = Self::default();
        for (name, bytes) in files {
            let file = disk.files.len();
            disk.files.push(Content::of(bytes));
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
        self.files.iter().any(Content::is_at_risk) || self.names.values().any(|name| !name.since.is_empty())
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
