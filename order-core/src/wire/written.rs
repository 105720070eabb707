//! Cached JSON texts: most items and people are the same in one full state and the next, and
//! until the next change so is most of the state.
//!
//! The texts of items and people are together about as large as one full state. The order
//! caches at most four more texts, each of about that size: they are dropped at the next
//! change, or by [`Order::forget_texts`](crate::Order::forget_texts).

use std::ops::Range;

use super::frame::SharedText;
use crate::order::cached::Cached;
use crate::value::text::Text;
use crate::{Currency, Order};

/// The texts that an order caches until it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(super) rest_of_state: Cached<RestOfState>,
    /// The fields of the bill, as they follow other fields.
    pub(super) bill: Cached<SharedText>,
    /// The state document of `stonepot.v2`.
    pub(super) document: Cached<Document>,
    /// The public view.
    pub(super) view: Cached<SharedText>,
}

/// The state of the first protocol after its participants.
pub(crate) struct RestOfState {
    pub(super) text: SharedText,
    /// Where the bill is in it.
    pub(super) bill: Range<usize>,
}

impl RestOfState {
    /// The fields of the bill, as they follow other fields.
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
    /// Whether the order caches texts of its current state, which may be as large as four full
    /// states.
    pub fn keeps_texts(&self) -> bool {
        let Texts { rest_of_state, bill, document, view } = &self.texts;
        rest_of_state.get().is_some()
            || bill.get().is_some()
            || document.get().is_some()
            || view.get().is_some()
    }

    /// Drops the cached texts of the current state. They are written again when needed.
    pub fn forget_texts(&mut self) {
        self.texts = Texts::default();
    }
}

/// The text of an item in full states.
pub(crate) struct ItemText {
    /// Everything but the name of the person who added it, because names change.
    pub(super) text: Box<str>,
    /// Where the item's id is, quotes included.
    pub(super) id: Range<usize>,
    /// Where that name belongs.
    pub(super) name_at: usize,
    /// The currency of its amounts.
    pub(super) currency: Currency,
}

/// The text of a person in full states.
pub(crate) struct PersonText {
    /// The name with which the text was written.
    pub(super) name: Text,
    /// The entry in `participants` up to the phone number, then the entry in `splits` up to the
    /// amount.
    pub(super) text: Box<str>,
    /// Where the name is in the first entry, quotes included.
    pub(super) quoted_name: Range<usize>,
    /// Where the second entry begins.
    pub(super) split_at: usize,
}

impl PersonText {
    /// The name in quotes.
    pub(super) fn quoted_name(&self) -> &str {
        self.text.get(self.quoted_name.clone()).unwrap_or_default()
    }

    /// The entry in `participants`, up to the phone number.
    pub(super) fn entry(&self) -> &str {
        self.text.get(..self.split_at).unwrap_or_default()
    }

    /// The entry in `splits`, up to the amount.
    pub(super) fn split(&self) -> &str {
        self.text.get(self.split_at..).unwrap_or_default()
    }
}

impl ItemText {
    /// The item's id in quotes.
    pub(super) fn id(&self) -> &str {
        self.text.get(self.id.clone()).unwrap_or_default()
    }

    /// The text before the name, and the text after it.
    pub(super) fn around_the_name(&self) -> (&str, &str) {
        self.text.split_at_checked(self.name_at).unwrap_or((&self.text, ""))
    }
}
