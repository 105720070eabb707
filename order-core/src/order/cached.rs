//! A lazily computed cache beside the value that it is computed from.

use std::fmt;
use std::sync::OnceLock;

/// A value computed lazily from an item, a participant or an order.
///
/// It is a cache, not part of its owner: it is neither stored nor compared, and a clone starts
/// empty. Code that changes the owner drops it (see `Item::change` and
/// [`commit`](crate::commit)), or the reader checks that it still holds.
pub(crate) struct Cached<T>(OnceLock<T>);

impl<T> Cached<T> {
    /// Returns the cached value, computing it if needed. If it no longer `holds`, computes one into
    /// `now`.
    pub(crate) fn get_or<'text>(
        &'text self,
        now: &'text mut Option<T>,
        holds: impl FnOnce(&T) -> bool,
        work_out: impl Fn() -> T,
    ) -> &'text T {
        let kept = self.0.get_or_init(&work_out);
        if holds(kept) { kept } else { now.insert(work_out()) }
    }

    /// Returns the cached value, if there is one.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// Returns the cached value, computing it if needed. The value must never change.
    pub(crate) fn get_or_init(&self, work_out: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(work_out)
    }
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Cached<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Cached<T> {}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All caches are equal, so they look alike.
        f.write_str("_")
    }
}
