//! Text that is kept with what it tells of: from one full state to the next, most items and people are as they were, and until
//! the next change most of the state is.
//!
//! What items and people keep in this way is about as large as one full state. What the order keeps is four texts at the most, each
//! about as large as that: they are let go with the next change, or when the [host says so](crate::Order::forget_texts).

use std::ops::Range;

use super::frame::SharedText;
use crate::order::cached::Cached;
use crate::value::text::Text;
use crate::{Currency, Order};

/// What an order keeps until it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(super) rest_of_state: Cached<RestOfState>,
    /// The fields of the bill, as they follow others.
    pub(super) bill: Cached<SharedText>,
    /// The document of `stonepot.v2`.
    pub(super) document: Cached<Document>,
    /// The order as strangers see it.
    pub(super) view: Cached<SharedText>,
}

/// The state of the first protocol after its participants.
pub(crate) struct RestOfState {
    pub(super) text: SharedText,
    /// Where the bill stands in it.
    pub(super) bill: Range<usize>,
}

impl RestOfState {
    /// The fields of the bill, as they follow others.
    pub(super) fn bill(&self) -> Option<&str> {
        self.text.get(self.bill.clone())
    }
}

/// The document of `stonepot.v2`, and its checksum.
pub(crate) struct Document {
    pub(super) text: SharedText,
    pub(super) checksum: String,
}

impl Order {
    /// Whether the order keeps texts of its present state, which may be as large as four messages with the whole order.
    pub fn keeps_texts(&self) -> bool {
        let Texts { rest_of_state, bill, document, view } = &self.texts;
        rest_of_state.get().is_some()
            || bill.get().is_some()
            || document.get().is_some()
            || view.get().is_some()
    }

    /// Lets go of the texts of the present state. They are written again when they are needed.
    pub fn forget_texts(&mut self) {
        self.texts = Texts::default();
    }
}

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
