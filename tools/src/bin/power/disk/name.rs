//! One name.

use rand::rngs::StdRng;

use super::fate::Fate;

/// What a name refers to, and what it referred to at each moment since the folder was last
/// synced.
#[derive(Debug, Default)]
pub(super) struct Name {
    pub(super) durable: Option<usize>,
    /// Each with the event that changed it.
    pub(super) since: Vec<(usize, Option<usize>)>,
}

impl Name {
    pub(super) fn newest(&self) -> Option<usize> {
        self.since.last().map_or(self.durable, |(_, file)| *file)
    }

    pub(super) fn may_mean(&self, file: usize) -> bool {
        self.durable == Some(file) || self.since.iter().any(|(_, meant)| *meant == Some(file))
    }

    pub(super) fn after_a_cut(&self, fate: Fate, dice: &mut StdRng) -> Option<usize> {
        let survived = fate.version(self.since.len(), dice);
        survived.checked_sub(1).map_or(self.durable, |last| self.since[last].1)
    }
}
