//! What changed in an order after it was finalized or expired: corrections, and how often it was reopened.

use crate::divide::Weight;
use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, ItemId, Order, Participant, Price, Quantity, UnixMillis};

/// The maximum number of corrections of one order. It bounds the full state.
pub const MAX_CORRECTIONS: usize = 100;

/// The maximum number of claims that all corrections of one order remember.
pub const MAX_CORRECTED_CLAIMS: usize = 2_000;

/// What changed in an order after it was finalized or expired. Most orders have none of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Revised {
    /// In the order in which they were made.
    pub(crate) corrections: Vec<Correction>,
    /// How often the order was finalized and then reopened.
    pub(crate) finalized_before: u32,
}

/// A dish of which less came than was ordered, or none, and what it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub(crate) seq: u64,
    pub(crate) item: ItemId,
    pub(crate) dish_name: Text,
    pub(crate) price: Price,
    pub(crate) before: Quantity,
    /// `None`: none came, and the line was taken off.
    pub(crate) after: Option<Quantity>,
    /// Who shared it then, with which weights, in seat order.
    pub(crate) shared_by: Vec<(Seat, Weight)>,
    pub(crate) reason: Text,
    pub(crate) at: UnixMillis,
    /// Who made it; `None`: the back end.
    pub(crate) by: Option<Seat>,
}

impl Correction {
    /// The sequence number of the fact that made it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The line's id.
    pub fn item(&self) -> &ItemId {
        &self.item
    }

    /// The dish's name.
    pub fn dish_name(&self) -> &Text {
        &self.dish_name
    }

    /// The price of one piece.
    pub fn price(&self) -> Price {
        self.price
    }

    /// The number of pieces before it.
    pub fn pieces_before(&self) -> u16 {
        self.before.pieces()
    }

    /// The number of pieces that came, after it; 0: the line was taken off.
    pub fn pieces_after(&self) -> u16 {
        self.after.map_or(0, Quantity::pieces)
    }

    /// How much it took off the total.
    pub fn taken_off(&self) -> Amount {
        let pieces = self.pieces_before().saturating_sub(self.pieces_after());
        // Cannot overflow: the whole line was part of a total.
        self.price.amount().checked_mul(i64::from(pieces)).unwrap_or_default()
    }

    /// Why it was made.
    pub fn reason(&self) -> &Text {
        &self.reason
    }

    /// When it was made.
    pub fn at(&self) -> UnixMillis {
        self.at
    }
}

impl Order {
    /// The corrections of dishes, in the order in which they were made.
    pub fn corrections(&self) -> &[Correction] {
        self.revised.as_ref().map_or(&[], |revised| &revised.corrections)
    }

    /// Who shared a corrected dish before, with which weights, in joining order. Empty: it was unassigned.
    pub fn shared_before(&self, correction: &Correction) -> impl Iterator<Item = (&Participant, Weight)> {
        correction.shared_by.iter().filter_map(|&(seat, weight)| Some((self.at(seat)?, weight)))
    }

    /// The person who made a correction; `None`: the back end.
    pub fn corrected_by(&self, correction: &Correction) -> Option<&Participant> {
        self.at(correction.by?)
    }

    /// How often the order has been finalized. From 2 on, its bill is a revision of an earlier one.
    pub fn revision(&self) -> u32 {
        let before = self.revised.as_ref().map_or(0, |revised| revised.finalized_before);
        before.saturating_add(u32::from(self.is_finalized()))
    }

    /// Whether a state document has fields after the rules.
    pub(crate) fn has_later_fields(&self) -> bool {
        !self.corrections().is_empty() || self.is_revision() || !self.transfers().is_empty()
    }

    /// Whether the bill that is shown differs from the first one that was final.
    pub(crate) fn is_revision(&self) -> bool {
        self.revised.is_some() && self.revision() > 1
    }
}
