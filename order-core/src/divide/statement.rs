//! What is on a bill, as it is divided: rows for those who pay, lines for what there is to pay.

use std::collections::BTreeSet;

use super::charge::{Charge, ChargeValue};
use super::odd_units::OddUnits;
use super::rule::SplitRule;
use super::share_number::Weight;
use super::terms::{People, Terms};
use crate::value::{Amount, ItemId, OrderId, Seat};

/// What is on a bill. People are rows from 0; the row after the last is for what is unassigned.
pub(crate) struct Statement<'bill> {
    /// How many rows there are for people.
    pub(super) people: usize,
    pub(crate) dishes: Vec<StatedDish<'bill>>,
    /// Who pays how much of the dishes.
    pub(crate) terms: Terms,
    pub(super) extras: Extras<'bill>,
}

/// One dish of a bill.
pub(crate) struct StatedDish<'bill> {
    pub(crate) id: &'bill ItemId,
    pub(crate) kind: &'bill str,
    pub(crate) amount: Amount,
    /// Who claims it.
    pub(crate) claims: &'bill [(Seat, Weight)],
}

/// What is on a bill beside its dishes.
pub(crate) struct Extras<'bill> {
    pub(crate) charges: &'bill [Charge],
    /// What some give on their own, by row.
    pub(crate) tips: Vec<(usize, ChargeValue)>,
    /// Rows that opted out of optional service charges.
    pub(crate) waived: BTreeSet<usize>,
    /// The smallest coin to which the bill is rounded.
    pub(crate) round_to: Option<Amount>,
    /// Whether each share is a multiple of that coin.
    pub(crate) round_shares: bool,
    pub(crate) odd_units: OddUnits,
    /// The order, from which chance follows.
    pub(crate) order: &'bill OrderId,
}

impl<'bill> Statement<'bill> {
    /// The bill of these people, who share dishes of this total by a rule.
    pub(crate) fn new(
        rule: &SplitRule,
        total: Amount,
        people: &People<'_>,
        dishes: Vec<StatedDish<'bill>>,
        extras: Extras<'bill>,
    ) -> Self {
        Self { people: people.rows, terms: rule.terms(total, people), dishes, extras }
    }

    /// The row of what is unassigned.
    pub(crate) fn unassigned_row(&self) -> usize {
        self.people
    }

    /// The row that pays for `row`.
    pub(crate) fn payer(&self, row: usize) -> usize {
        self.terms.payers.get(row).copied().unwrap_or(row)
    }
}

/// The place of each row among rows with equal claims. Rows without a rank, as that of what is unassigned, come last.
pub(super) fn ranked<K: Ord>(rank: impl Fn(usize) -> Option<K>) -> impl Fn(usize) -> (bool, Option<K>) {
    move |row| {
        let rank = rank(row);
        (rank.is_none(), rank)
    }
}
