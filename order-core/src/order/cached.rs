//! What is worked out once and kept with what it was worked out from.

use std::fmt;
use std::sync::OnceLock;

/// Something that follows from an item, a participant or an order, once somebody has asked for it.
///
/// It is a cache and no part of its owner: it is never stored, owners are equal whatever they keep, and a copy keeps nothing.
/// Whoever changes the owner lets go of it (see `Item::change` and [`commit`](crate::commit)), or whoever asks says whether it still holds.
pub(crate) struct Cached<T>(OnceLock<T>);

impl<T> Cached<T> {
    /// What is kept, which is worked out now if nothing is. Where what is kept no longer `holds`, it is worked out into `now`.
    pub(crate) fn get_or<'text>(
        &'text self,
        now: &'text mut Option<T>,
        holds: impl FnOnce(&T) -> bool,
        work_out: impl Fn() -> T,
    ) -> &'text T {
        let kept = self.0.get_or_init(&work_out);
        if holds(kept) { kept } else { now.insert(work_out()) }
    }

    /// What is kept, if anything is.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// What is kept, which is worked out now if nothing is. It must never change.
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
        // What is equal looks equal.
        f.write_str("_")
    }
}
