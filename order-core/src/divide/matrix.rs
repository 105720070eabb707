//! From a statement to rounded lines.

use std::cmp::Reverse;

use num_bigint::BigInt;

use super::charge::Charge;
use super::exact::Exact;
use super::line::{Label, Line};
use super::pricing::{Priced, PricedLine, price};
use super::rounding::{Cell, Table, Together, round};
use super::statement::{Statement, ranked};
use super::weights::Weights;
use crate::value::Amount;

/// How many lines the dishes are that all people have the same part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DishLines {
    /// One line for all of them, where that is enough to divide them.
    Together,
    /// A line for each.
    Each,
}

impl Statement<'_> {
    /// Divides the bill. `rank` decides between equal claims; the smaller goes first. `None` when numbers are too large.
    pub(crate) fn divide<K: Ord>(
        &self,
        dish_lines: DishLines,
        rank: impl Fn(usize) -> Option<K>,
    ) -> Option<Divided> {
        let ties: Vec<_> = (0..=self.unassigned_row()).map(ranked(rank)).collect();
        self.divide_with::<i128, _>(dish_lines, &ties)
            .or_else(|| self.divide_with::<BigInt, _>(dish_lines, &ties))
    }

    /// `ties` has one for each row.
    fn divide_with<T: Exact, K: Ord>(&self, dish_lines: DishLines, ties: &[K]) -> Option<Divided> {
        let priced = price::<T>(self)?;
        let rows = ties.len();
        let tie = |row: usize| ties.get(row);
        let due = match priced.dishes_together() {
            None => match bundled(dish_lines, rows, &priced, tie) {
                Some(bundled) => bundled,
                None => Lines::round(rows, &priced.weights, &priced.lines, tie)?,
            },
            Some((together, dishes)) => {
                let together = Lines::round(rows, &priced.weights, &together, tie)?;
                match dish_lines {
                    DishLines::Together => together,
                    DishLines::Each => {
                        // All have the same part of each dish, so any may have the odd units: those who have them of
                        // all dishes together.
                        let most = |row: usize| {
                            (Reverse(together.of_first(row).minor_units().unsigned_abs()), tie(row))
                        };
                        let dishes = Lines::round(rows, &priced.weights, dishes, most)?;
                        together.with_first_in(dishes)?
                    }
                }
            }
        };
        Some(Divided {
            due,
            included: Lines::round(rows, &priced.weights, &priced.included, tie)?,
            on_nothing: priced.on_nothing,
        })
    }
}

/// The lines with all dishes in one, where all are divided alike and each is not asked for: the same as if each were a line of
/// its own, for much less. `None` where that does not hold, or a number is too large.
fn bundled<T: Exact, K: Ord>(
    dish_lines: DishLines,
    rows: usize,
    priced: &Priced<T>,
    tie: impl Fn(usize) -> K,
) -> Option<Lines> {
    match dish_lines {
        DishLines::Each => None,
        DishLines::Together => {
            let (weights, dishes, others) = priced.alike()?;
            let amounts = dishes.iter().map(|(_, column)| column.amount).collect();
            Lines::round_together(rows, &priced.weights, &Together { amounts, weights }, others, tie)
        }
    }
}

/// A divided bill.
pub(crate) struct Divided {
    /// The lines that are due.
    pub(crate) due: Lines,
    /// Taxes included in prices.
    pub(crate) included: Lines,
    /// Charges that have nothing to be taken of, so that they are unassigned.
    on_nothing: Vec<usize>,
}

impl Divided {
    /// Charges that have nothing to be taken of, so that they are unassigned.
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

/// Lines of a bill, and each row's part of them.
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

    /// Rounds some dishes as one line, before the other lines.
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

    /// A row's part of the first line.
    fn of_first(&self, row: usize) -> Amount {
        let cell = self.table.column(0).iter().find(|cell| cell.row == row);
        Amount::from_minor_units(cell.map_or(0, |cell| cell.amount))
    }

    /// Replaces the first of these lines by the lines of `first`.
    fn with_first_in(self, mut first: Self) -> Option<Self> {
        first.table.append(&self.table, 1)?;
        first.labels.extend(self.labels.into_iter().skip(1));
        Some(Self { labels: first.labels, sum: self.sum, table: first.table })
    }

    /// Each line with its label, its amount and its parts by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Label, Amount, &[Cell])> {
        self.labels
            .iter()
            .enumerate()
            .map(|(place, &(label, amount))| (label, amount, self.table.column(place)))
    }

    /// The sum of a row.
    pub(crate) fn row(&self, row: usize) -> Amount {
        Amount::from_minor_units(self.table.rows().get(row).copied().unwrap_or_default())
    }

    /// The sum of all lines.
    pub(crate) fn sum(&self) -> Amount {
        self.sum
    }
}
