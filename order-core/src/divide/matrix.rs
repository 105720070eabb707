//! From a statement to rounded lines.

use std::cmp::Reverse;

use num_bigint::BigInt;

use super::charge::Charge;
use super::exact::Exact;
use super::line::{Label, Line};
use super::odd_units::OddUnits;
use super::pricing::{Owed, Priced, PricedLine, SomeLines, price};
use super::rounding::{Cell, Table, Together, round};
use super::statement::{Statement, ranked};
use super::weights::Weights;
use crate::value::{Amount, OrderId};

/// The maximum number of cells, up to which an order that is rounded by chance has a line for each dish, as a bill on its
/// own has. It bounds the work for an order of many people and dishes.
const MAX_CELLS_BY_CHANCE: usize = 16_384;

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
        let chance = match self.extras.odd_units {
            OddUnits::LargestRemainder => None,
            OddUnits::Unbiased => Some(self.extras.order),
        };
        let tie = |row: usize| ties.get(row);
        let due = if priced.covered.is_empty() {
            let lines = SomeLines { weights: &priced.weights, lines: &priced.lines };
            rounded(dish_lines, rows, &lines, tie, chance)?
        } else {
            rounded_apart(dish_lines, rows, &priced, tie, chance)?
        };
        let due = match &priced.owed {
            None => due,
            Some(owed) => due.with_shares(&in_coins(owed, tie)?)?,
        };
        Some(Divided {
            due,
            included: Lines::round(rows, &priced.weights, &priced.included, tie, chance)?,
            on_nothing: priced.on_nothing,
        })
    }
}

/// The lines, with dishes in one line or not.
fn rounded<T: Exact, K: Ord>(
    dish_lines: DishLines,
    rows: usize,
    priced: &SomeLines<'_, T>,
    tie: impl Fn(usize) -> K,
    chance: Option<&OrderId>,
) -> Option<Lines> {
    if chance.is_some() {
        let lines = match dish_lines {
            DishLines::Together if priced.cells()? > MAX_CELLS_BY_CHANCE => priced.grouped()?,
            DishLines::Together | DishLines::Each => priced.lines.to_vec(),
        };
        return Lines::round(rows, priced.weights, &lines, tie, chance);
    }
    let Some((together, dishes)) = priced.dishes_together() else {
        return match bundled(dish_lines, rows, priced, &tie) {
            Some(bundled) => Some(bundled),
            None => Lines::round(rows, priced.weights, priced.lines, tie, None),
        };
    };
    let together = Lines::round(rows, priced.weights, &together, &tie, None)?;
    match dish_lines {
        DishLines::Together => Some(together),
        DishLines::Each => {
            // All have the same part of each dish, so any may have the odd units: those who have them of all dishes
            // together.
            let most = |row: usize| (Reverse(together.of_first(row).minor_units().unsigned_abs()), tie(row));
            let dishes = Lines::round(rows, priced.weights, dishes, most, None)?;
            together.with_first_in(dishes)
        }
    }
}

/// The lines, of which each covered group is rounded apart from the others.
fn rounded_apart<T: Exact, K: Ord>(
    dish_lines: DishLines,
    rows: usize,
    priced: &Priced<T>,
    tie: impl Fn(usize) -> K,
    chance: Option<&OrderId>,
) -> Option<Lines> {
    let mut is_covered = vec![false; priced.lines.len()];
    let mut parts = Vec::with_capacity(priced.covered.len().checked_add(1)?);
    for group in &priced.covered {
        let mut lines = Vec::with_capacity(group.len());
        for &place in group {
            *is_covered.get_mut(place)? = true;
            lines.push(*priced.lines.get(place)?);
        }
        let lines = SomeLines { weights: &priced.weights, lines: &lines };
        parts.push(rounded(dish_lines, rows, &lines, &tie, chance)?);
    }
    let others = priced.lines.iter().zip(is_covered).filter(|(_, is_covered)| !is_covered);
    let lines: Vec<PricedLine> = others.map(|(line, _)| *line).collect();
    let lines = SomeLines { weights: &priced.weights, lines: &lines };
    parts.push(rounded(dish_lines, rows, &lines, &tie, chance)?);
    Lines::joined(rows, &parts)
}

/// By row: the share in whole coins. The coins of what is due go to the largest remainders of what each owes.
fn in_coins<T: Exact, K: Ord>(owed: &Owed<T>, tie: impl Fn(usize) -> K) -> Option<Vec<i64>> {
    let first = owed.parts.iter().filter(|(_, part)| !part.is_zero()).min_by_key(|(row, _)| tie(*row));
    // A bill below zero mirrors the one above. One that comes to nothing is taken as what the first by tie owes.
    let sum = owed.parts.iter().try_fold(T::zero(), |sum, (_, part)| sum.checked_add(part))?;
    let negative = sum < T::zero() || sum.is_zero() && first.is_some_and(|(_, part)| *part < T::zero());
    let whole = owed.unit.checked_mul(&T::from(owed.coin))?;
    let coins = i128::from(owed.total).checked_div(owed.coin.into())?;
    let mut left = if negative { coins.checked_neg()? } else { coins };
    let mut shares = Vec::with_capacity(owed.parts.len());
    let mut remainders = Vec::with_capacity(owed.parts.len());
    for (row, part) in &owed.parts {
        let part = if negative { T::zero().checked_sub(part)? } else { part.clone() };
        let (down, remainder) = part.quotient(&whole);
        let down = down.to_i64()?;
        left = left.checked_sub(down.into())?;
        shares.push(down);
        if !remainder.is_zero() {
            remainders.push((Reverse(remainder), tie(*row), *row));
        }
    }
    remainders.sort_unstable_by(|(a, a_tie, _), (b, b_tie, _)| a.cmp(b).then_with(|| a_tie.cmp(b_tie)));
    // What is due is rounded to the nearest coin, so there are no more of them than shares to round up.
    for (_, _, row) in remainders.iter().take(usize::try_from(left).ok()?) {
        let share = shares.get_mut(*row)?;
        *share = share.checked_add(1)?;
    }
    let coin = if negative { owed.coin.checked_neg()? } else { owed.coin };
    shares.into_iter().map(|share| share.checked_mul(coin)).collect()
}

/// The lines with all dishes in one, where all are divided alike and each is not asked for: the same as if each were a line of
/// its own, for much less. `None` where that does not hold, or a number is too large.
fn bundled<T: Exact, K: Ord>(
    dish_lines: DishLines,
    rows: usize,
    priced: &SomeLines<'_, T>,
    tie: impl Fn(usize) -> K,
) -> Option<Lines> {
    match dish_lines {
        DishLines::Each => None,
        DishLines::Together => {
            let (weights, dishes, others) = priced.alike()?;
            let amounts = dishes.iter().map(|(_, column)| column.amount).collect();
            Lines::round_together(rows, priced.weights, &Together { amounts, weights }, others, tie)
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
        chance: Option<&OrderId>,
    ) -> Option<Self> {
        let table = round(rows, weights, None, &lines.iter().map(|(_, column)| *column), tie, chance)?;
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
        let table = round(rows, weights, Some(dishes), &others.iter().map(|(_, column)| *column), tie, None)?;
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

    /// Puts lines that were rounded apart together, in the order of the bill.
    fn joined(rows: usize, parts: &[Self]) -> Option<Self> {
        let lines = parts.iter().flat_map(|part| {
            part.labels.iter().enumerate().map(move |(place, label)| (*label, part.table.column(place)))
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by_key(|((label, _), _)| label.place());
        let mut table = Table::empty(rows);
        lines.iter().try_for_each(|(_, cells)| table.push(cells))?;
        Self::of(lines.into_iter().map(|(label, _)| label).collect(), table)
    }

    /// Adds the round-off, which makes each row come to its share.
    fn with_shares(mut self, shares: &[i64]) -> Option<Self> {
        let mut cells = Vec::new();
        let mut amount = Amount::ZERO;
        for (row, (&share, &sum)) in shares.iter().zip(self.table.rows()).enumerate() {
            let difference = share.checked_sub(sum)?;
            if difference != 0 {
                cells.push(Cell::whole(row, difference));
                amount = amount.checked_add(Amount::from_minor_units(difference))?;
            }
        }
        self.table.push(&cells)?;
        self.labels.push((Label::RoundOff, amount));
        Self::of(self.labels, self.table)
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
