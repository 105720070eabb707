//! A page of an order's history.

use std::collections::VecDeque;
use std::time::Duration;

/// How many bytes the entries of a page may have together, unless it has one alone: for whoever reads slowly it is in memory for long.
pub(crate) const PAGE_BYTES: usize = 256 * 1024;

/// A page of an order's history.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Oldest first, as JSON texts.
    pub(crate) entries: VecDeque<String>,
    /// How many bytes they have together.
    pub(crate) bytes: usize,
    /// Whether there are earlier ones.
    pub(crate) more: bool,
    /// The work that it made to read them.
    pub(crate) work: Duration,
}

impl Page {
    /// Adds the next entry. The earliest fall out when there are too many bytes.
    pub(super) fn push(&mut self, entry: String) {
        self.bytes = self.bytes.saturating_add(entry.len());
        self.entries.push_back(entry);
        while self.bytes > PAGE_BYTES
            && self.entries.len() > 1
            && let Some(earliest) = self.entries.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(earliest.len());
        }
    }
}
