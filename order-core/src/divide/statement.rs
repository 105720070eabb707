//! A bill as it is divided: rows for those who pay, lines for what there is to pay.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::apportion::{Claim, apportion};
use super::charge::{Charge, ChargeValue};
use super::custom::Weight;
use super::exact::Exact;
use super::line::Line;
use super::pricing::{Priced, PricedLine, price};
use super::rounding::{Cell, Table, Together, round};
use super::weights::Weights;
use crate::order::people::Seat;
use crate::{Amount, ItemId};

/// What is on a bill. Diners are rows from 0; the row after the last is for what is nobody's.
pub(crate) struct Statement<'bill> {
    /// How many rows there are for diners.
    pub(crate) diners: usize,
    pub(crate) dishes: Vec<StatedDish<'bill>>,
    pub(crate) rule: StatedRule,
    /// By row: the row that pays for it; a row that is not listed pays for itself.
    pub(crate) payers: Vec<usize>,
    /// How many heads each row pays for.
    pub(crate) heads: Vec<(usize, i64)>,
    pub(crate) charges: &'bill [Charge],
    /// What diners give on their own.
    pub(crate) tips: Vec<(usize, ChargeValue)>,
    /// Rows that do without optional service charges.
    pub(crate) waived: BTreeSet<usize>,
    /// The smallest coin in which the whole is paid.
    pub(crate) round_to: Option<Amount>,
    /// Whether each dish is a line of its own even where all dishes are divided alike.
    pub(crate) dish_by_dish: bool,
}

/// One dish of a bill.
pub(crate) struct StatedDish<'bill> {
    pub(crate) id: &'bill ItemId,
    pub(crate) kind: &'bill str,
    pub(crate) amount: Amount,
    /// Who has part of it.
    pub(crate) claims: &'bill [(Seat, Weight)],
}

/// Whose the dishes are.
pub(crate) enum StatedRule {
    /// Each dish is those people's who claim it.
    Claims,
    /// Every dish is divided in the same proportions.
    Alike(Vec<(usize, i128)>),
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Dish(usize),
    /// All dishes together.
    Dishes,
    Charge(usize),
    OwnTip(usize),
    RoundOff,
}

impl Statement<'_> {
    /// The row of what is nobody's.
    pub(crate) fn nobody(&self) -> usize {
        self.diners
    }

    /// Who pays for a row.
    pub(crate) fn payer(&self, row: usize) -> usize {
        self.payers.get(row).copied().unwrap_or(row)
    }

    /// What each row pays of a bill that needs no matrix: nothing but dishes, which all share equally or which are one
    /// person's each. The same as [`Statement::divide`] gives, for much less; nothing, if the bill is not so plain.
    pub(crate) fn plain_rows<K: Ord>(&self, tie: impl Fn(usize) -> K) -> Option<Vec<Amount>> {
        if !self.charges.is_empty() || !self.tips.is_empty() || self.round_to.is_some() {
            return None;
        }
        let mut rows = vec![Amount::ZERO; self.diners.checked_add(1)?];
        match &self.rule {
            StatedRule::Alike(weights) => {
                let (_, first) = weights.first().filter(|(_, first)| *first > 0)?;
                if weights.iter().any(|(_, weight)| weight != first) {
                    return None;
                }
                let total = Amount::checked_sum(self.dishes.iter().map(|dish| dish.amount))?;
                let claims: Vec<_> =
                    weights.iter().map(|&(row, _)| Claim { weight: 1, tie: tie(row) }).collect();
                for (&(row, _), part) in weights.iter().zip(apportion(total, &claims).ok()?) {
                    *rows.get_mut(row)? = part;
                }
            }
            StatedRule::Claims => {
                for dish in &self.dishes {
                    let row = match dish.claims {
                        [] => self.nobody(),
                        [(seat, _)] => self.payer(seat.0),
                        _ => return None,
                    };
                    let sum = rows.get_mut(row)?;
                    *sum = sum.checked_add(dish.amount)?;
                }
            }
        }
        Some(rows)
    }

    /// Divides the bill. `tie` decides between equal claims; the smaller goes first. Nothing when numbers are too large.
    pub(crate) fn divide<K: Ord>(&self, tie: impl Fn(usize) -> K) -> Option<Divided> {
        let ties: Vec<K> = (0..=self.nobody()).map(tie).collect();
        self.divide_with::<i128, K>(&ties).or_else(|| self.divide_with::<BigInt, K>(&ties))
    }

    /// `ties` has one for each row.
    fn divide_with<T: Exact, K: Ord>(&self, ties: &[K]) -> Option<Divided> {
        let priced = price::<T>(self)?;
        let rows = ties.len();
        let tie = |row: usize| ties.get(row);
        let due = match priced.dishes_together() {
            None => match self.bundled(rows, &priced, tie) {
                Some(bundled) => bundled,
                None => Lines::round(rows, &priced.weights, &priced.lines, tie)?,
            },
            Some((together, dishes)) => {
                let together = Lines::round(rows, &priced.weights, &together, tie)?;
                if self.dish_by_dish {
                    // All have the same part of each dish, so any may have the odd units: those who have them of all
                    // dishes together.
                    let most =
                        |row: usize| (Reverse(together.of_first(row).minor_units().unsigned_abs()), tie(row));
                    let dishes = Lines::round(rows, &priced.weights, dishes, most)?;
                    together.with_first_in(dishes)?
                } else {
                    together
                }
            }
        };
        Some(Divided {
            due,
            included: Lines::round(rows, &priced.weights, &priced.included, tie)?,
            on_nothing: priced.on_nothing,
        })
    }

    /// The lines with all dishes in one, where all are divided alike and nobody asks for each: the same as if each were a line
    /// of its own, for much less. Nothing where that does not hold, or a number is too large.
    fn bundled<T: Exact, K: Ord>(
        &self,
        rows: usize,
        priced: &Priced<T>,
        tie: impl Fn(usize) -> K,
    ) -> Option<Lines> {
        if self.dish_by_dish {
            return None;
        }
        let (weights, dishes, others) = priced.alike()?;
        let amounts = dishes.iter().map(|(_, column)| column.amount).collect();
        Lines::round_together(rows, &priced.weights, &Together { amounts, weights }, others, tie)
    }
}

/// A bill that is divided.
pub(crate) struct Divided {
    /// What is to be paid.
    pub(crate) due: Lines,
    /// Taxes that the prices contain.
    pub(crate) included: Lines,
    /// Charges that are taken of nothing, and so are nobody's.
    on_nothing: Vec<usize>,
}

impl Divided {
    /// Charges that are taken of nothing, and so are nobody's.
    pub(crate) fn on_nothing(&self, charges: &[Charge]) -> impl Iterator<Item = Line> {
        self.due.iter().chain(self.included.iter()).filter_map(|(label, amount, _)| match label {
            Label::Charge(place) if self.on_nothing.contains(&place) => {
                label.name(charges, |_| None).map(|(name, kind)| Line::new(name, kind, amount))
            }
            Label::Dish(_) | Label::Dishes | Label::Charge(_) | Label::OwnTip(_) | Label::RoundOff => None,
        })
    }
}

fn labelled(lines: &[PricedLine]) -> impl Iterator<Item = (Label, Amount)> {
    lines.iter().map(|(label, column)| (*label, Amount::from_minor_units(column.amount)))
}

/// Lines of a bill, and what each row has of each.
pub(crate) struct Lines {
    labels: Vec<(Label, Amount)>,
    sum: Amount,
    table: Table,
}

impl Lines {
    fn round<T: Exact, K: Ord>(
        rows: usize,
        weights: &[Weights<T>],
        lines: &[PricedLine],
        tie: impl Fn(usize) -> K,
    ) -> Option<Self> {
        let table = round(rows, weights, None, &lines.iter().map(|(_, column)| *column), tie)?;
        Self::of(labelled(lines).collect(), table)
    }

    /// Some dishes as one line, before others.
    fn round_together<T: Exact, K: Ord>(
        rows: usize,
        weights: &[Weights<T>],
        dishes: &Together,
        others: &[PricedLine],
        tie: impl Fn(usize) -> K,
    ) -> Option<Self> {
        let table = round(rows, weights, Some(dishes), &others.iter().map(|(_, column)| *column), tie)?;
        let amount = Amount::checked_sum(dishes.amounts.iter().copied().map(Amount::from_minor_units))?;
        Self::of(std::iter::once((Label::Dishes, amount)).chain(labelled(others)).collect(), table)
    }

    fn of(labels: Vec<(Label, Amount)>, table: Table) -> Option<Self> {
        let sum = Amount::checked_sum(labels.iter().map(|&(_, amount)| amount))?;
        Some(Self { labels, sum, table })
    }

    /// What a row has of the first line.
    fn of_first(&self, row: usize) -> Amount {
        let cell = self.table.column(0).iter().find(|cell| cell.row == row);
        Amount::from_minor_units(cell.map_or(0, |cell| cell.amount))
    }

    /// These lines with the first of them in its own lines.
    fn with_first_in(self, mut first: Self) -> Option<Self> {
        first.table.append(&self.table, 1)?;
        first.labels.extend(self.labels.into_iter().skip(1));
        Some(Self { labels: first.labels, sum: self.sum, table: first.table })
    }

    /// Each line: what it is, what it comes to, and its parts by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Label, Amount, &[Cell])> {
        self.labels
            .iter()
            .enumerate()
            .map(|(place, &(label, amount))| (label, amount, self.table.column(place)))
    }

    /// What a row sums to.
    pub(crate) fn row(&self, row: usize) -> Amount {
        Amount::from_minor_units(self.table.rows().get(row).copied().unwrap_or_default())
    }

    /// What all lines sum to.
    pub(crate) fn sum(&self) -> Amount {
        self.sum
    }
}
