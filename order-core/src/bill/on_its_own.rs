//! A bill on its own, without an order.

use std::collections::{BTreeMap, BTreeSet};

use crate::divide::{Charge, ChargeValue, OddUnits, SplitRule, Weight};
use crate::rejection::{Code, Rejection};
use crate::value::text::Text;
use crate::{Amount, Currency, ItemId, OrderId, ParticipantId, max_order_total};

/// A bill to divide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The id of the bill. Together with the diners' ids it decides who gets a unit that several could get.
    pub order: OrderId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The people who share it.
    pub diners: Vec<ParticipantId>,
    /// The dishes on it.
    pub dishes: Vec<Dish>,
    /// The rule by which they share it.
    pub split: SplitRule,
    /// Charges and discounts.
    pub charges: Vec<Charge>,
    /// Tips of single diners, as an amount or in percent of what they pay for dishes.
    pub tips: BTreeMap<ParticipantId, ChargeValue>,
    /// Diners who do not pay optional service charges.
    pub without_service: BTreeSet<ParticipantId>,
    /// The smallest coin: the amount due is rounded to a multiple of it, halves away from zero, on
    /// a line of its own.
    pub round_to: Option<Amount>,
    /// The smallest coin for each share, too, where people pay in cash: each share is a multiple of it, and what is due
    /// is rounded to it. If `round_to` is set as well, it must be the same coin.
    pub round_shares_to: Option<Amount>,
    /// Who gets the units that are left once every quota is rounded down.
    pub odd_units: OddUnits,
}

/// A dish on a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dish {
    /// The id of the dish.
    pub id: ItemId,
    /// The type of dish, which decides the taxes on it.
    pub dish_type: Text,
    /// The price of all pieces together.
    pub amount: Amount,
    /// Who shares it, and in which proportions. A dish that no one shares is unassigned.
    pub shared_by: Vec<(ParticipantId, Weight)>,
}

impl Dish {
    /// Makes a dish that these people share equally.
    pub fn of(id: ItemId, amount: Amount, diners: &[ParticipantId]) -> Self {
        let shared_by = diners.iter().map(|diner| (diner.clone(), Weight::ONE)).collect();
        Self { id, dish_type: Text::default(), amount, shared_by }
    }
}

impl Bill {
    /// Makes a bill with no dishes and no diners, to be shared equally.
    pub fn new(order: OrderId, currency: Currency) -> Self {
        Self {
            order,
            currency,
            diners: Vec::new(),
            dishes: Vec::new(),
            split: SplitRule::Equal,
            charges: Vec::new(),
            tips: BTreeMap::new(),
            without_service: BTreeSet::new(),
            round_to: None,
            round_shares_to: None,
            odd_units: OddUnits::LargestRemainder,
        }
    }

    /// The sum of all dishes, if neither it nor any amount of the bill exceeds the maximum total.
    pub(super) fn total(&self) -> Result<Amount, Rejection> {
        let ceiling = max_order_total(self.currency);
        let magnitude = |amount: Amount| amount.minor_units().unsigned_abs();
        let fits = |amount: &Amount| magnitude(*amount) <= magnitude(ceiling);
        let values = self.charges.iter().map(|charge| charge.value).chain(self.tips.values().copied());
        let fixed = values.filter_map(|value| match value {
            ChargeValue::Amount(amount) => Some(amount),
            ChargeValue::Percent(_) => None,
        });
        let coins = self.round_to.into_iter().chain(self.round_shares_to);
        let mut amounts = self.dishes.iter().map(|dish| dish.amount).chain(fixed).chain(coins);
        let total = Amount::checked_sum(self.dishes.iter().map(|dish| dish.amount)).filter(fits);
        total.filter(|_| amounts.all(|amount| fits(&amount))).ok_or_else(|| {
            Rejection::new(Code::TotalTooLarge)
                .expected(format!("amounts and a total of at most {}", ceiling.display(self.currency)))
        })
    }
}
