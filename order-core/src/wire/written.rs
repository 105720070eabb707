//! Text that is kept with what it tells of: from one full state to the next, most items and people are as they were.
//!
//! What an order keeps in this way is about as large as one full state of it.

use std::ops::Range;

use crate::Currency;
use crate::text::Text;

/// An item as it stands in a full state.
pub(crate) struct ItemText {
    /// Everything but the name of whoever added it: people change their names.
    pub(super) text: Box<str>,
    /// Where the item's id stands, quotes included.
    pub(super) id: Range<usize>,
    /// Where that name belongs.
    pub(super) name_at: usize,
    /// In what its amounts are counted.
    pub(super) currency: Currency,
}

/// Somebody as they stand in a full state.
pub(crate) struct PersonText {
    /// The name that this was written with.
    pub(super) name: Text,
    /// The entry among the participants, up to the phone number; then the entry among the splits, up to the amount.
    pub(super) text: Box<str>,
    /// Where the name stands in the first of them, quotes included.
    pub(super) quoted_name: Range<usize>,
    /// Where the second one begins.
    pub(super) split_at: usize,
}

impl PersonText {
    /// The name in quotes.
    pub(super) fn quoted_name(&self) -> &str {
        self.text.get(self.quoted_name.clone()).unwrap_or_default()
    }

    /// The entry among the participants, up to the phone number.
    pub(super) fn entry(&self) -> &str {
        self.text.get(..self.split_at).unwrap_or_default()
    }

    /// The entry among the splits, up to the amount.
    pub(super) fn split(&self) -> &str {
        self.text.get(self.split_at..).unwrap_or_default()
    }
}

impl ItemText {
    /// The item's id in quotes.
    pub(super) fn id(&self) -> &str {
        self.text.get(self.id.clone()).unwrap_or_default()
    }

    /// What stands before the name, and after it.
    pub(super) fn around_the_name(&self) -> (&str, &str) {
        self.text.split_at_checked(self.name_at).unwrap_or((&self.text, ""))
    }
}
