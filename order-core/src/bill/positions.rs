//! What each person owes, or is owed, once everything is counted.

use super::settlement::beyond;
use super::shares::Shares;
use crate::order::people::Seat;
use crate::{Amount, Order, ParticipantId};

/// How much each person has paid beyond their share, for whichever shares it was, with what friends have paid back and
/// confirmed. The settlement brings all of it to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    /// By seat; last, the restaurant.
    beyond: Vec<i128>,
}

impl Positions {
    /// Computes the positions of an order with these shares.
    pub fn new(order: &Order, shares: &Shares<'_>) -> Self {
        Self { beyond: beyond(order, shares) }
    }

    /// How much this person is owed; below zero: how much they owe. Zero for somebody who never joined.
    pub fn of(&self, order: &Order, who: &ParticipantId) -> Amount {
        order.seat_of(who).map_or(Amount::ZERO, |seat| self.at(seat))
    }

    /// How much the restaurant is owed; below zero: how much it owes.
    pub fn of_restaurant(&self) -> Amount {
        amount(self.beyond.last())
    }

    /// Whether nobody owes anything, the restaurant included: the settlement is empty.
    pub fn are_even(&self) -> bool {
        self.beyond.iter().all(|amount| *amount == 0)
    }

    pub(crate) fn at(&self, seat: Seat) -> Amount {
        amount(self.beyond.get(seat.0))
    }
}

/// Cannot overflow: the number and the size of payments and transfers are bounded.
fn amount(units: Option<&i128>) -> Amount {
    let units = units.and_then(|units| i64::try_from(*units).ok());
    units.map_or(Amount::ZERO, Amount::from_minor_units)
}
