//! A page of an order's history.

use std::collections::VecDeque;
use std::time::Duration;

/// The most bytes of a page's entries, unless it has a single larger one: a slow reader
/// keeps the page in memory for long.
pub(crate) const PAGE_BYTES: usize = 256 * 1024;

/// A page of an order's history.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The entries as JSON texts, oldest first.
    pub(crate) entries: VecDeque<String>,
    /// The total size of the entries.
    pub(crate) bytes: usize,
    /// Whether there are earlier ones.
    pub(crate) more: bool,
    /// The work that it took to read them.
    pub(crate) work: Duration,
}

impl Page {
    /// Adds the next entry. Drops the earliest if there are too many bytes.
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
