//! Controlled rounding: a table of exact quotas becomes a table of whole numbers, and every row and every
//! column still sums.
//!
//! Each column is a whole amount that is divided over the rows by weights, so each cell has an exact quota, and so
//! has each row. The result has every cell and every row at its quota rounded down or up, never further
//! away, and every column at its amount. Such a table always exists: the units that are left once all cells are
//! rounded down are a flow from rows to columns whose fractional solution is the quotas themselves, and
//! a flow with whole bounds has a whole solution (Bacharach, *Matrix rounding problems*, Management
//! Science 12, 1966; Causey, Cox and Ernst, *Applications of transportation theory to statistical problems*, JASA 80,
//! 1985; Cox, *A constructive procedure for unbiased controlled rounding*, JASA 82, 1987).
//!
//! Among all of them, the one taken rounds up the rows with the largest remainders: the sets of rows that can be
//! rounded up together are the bases of a matroid, so going through the rows from the largest remainder down,
//! and keeping each that can still be had, gives the largest sum of remainders that there is. Between equal
//! remainders the smaller tie goes first. So who is listed first makes no difference to anybody's total.

use std::cmp::Reverse;
use std::ops::Range;

use super::exact::{Exact, lcm};
use super::exchange::Exchange;
use super::weights::Weights;

/// An amount to divide, and the place of its weights in a list of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) amount: i64,
    pub(super) weights: usize,
}

/// A rounded table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) cells: Vec<Cell>,
    pub(super) columns: Vec<Range<usize>>,
    rows: Vec<i64>,
}

/// One cell that some of its column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) row: usize,
    pub(crate) amount: i64,
    /// Whether its quota is not whole, so that it may be rounded up.
    pub(super) fractional: bool,
    pub(super) up: bool,
}

impl Table {
    fn empty(rows: usize) -> Self {
        Self { cells: Vec::new(), columns: Vec::new(), rows: vec![0; rows] }
    }

    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> &[Cell] {
        self.columns.get(column).and_then(|range| self.cells.get(range.clone())).unwrap_or_default()
    }

    /// Takes over the columns of another table but for the first so many. Nothing on overflow.
    pub(super) fn append(&mut self, other: &Self, skip: usize) -> Option<()> {
        self.columns.reserve(other.columns.len());
        self.cells.reserve(other.cells.len());
        for column in skip..other.columns.len() {
            let start = self.cells.len();
            for cell in other.column(column) {
                let row = self.rows.get_mut(cell.row)?;
                *row = row.checked_add(cell.amount)?;
                self.cells.push(*cell);
            }
            self.columns.push(start..self.cells.len());
        }
        Some(())
    }

    /// What each row sums to.
    pub(super) fn rows(&self) -> &[i64] {
        &self.rows
    }
}

/// Rounds the table of so many rows, in which each column is divided by its weights. Nothing when a number is too
/// large for `T`, or for an amount. A table that sums to less than zero mirrors the one that sums to more.
pub(super) fn round<T: Exact, K: Ord>(
    rows: usize,
    weights: &[Weights<T>],
    columns: &(impl ExactSizeIterator<Item = Column> + Clone),
    tie: impl Fn(usize) -> K,
) -> Option<Table> {
    let mut table = Table::empty(rows);
    if columns.len() == 0 {
        return Some(table);
    }
    let sum: i128 = columns.clone().map(|column| i128::from(column.amount)).sum();
    let is_nothing = columns.clone().all(|column| column.amount == 0);
    let negative = sum < 0 || sum == 0 && !is_nothing && starts_below_zero(rows, weights, columns, &tie)?;
    let cells = columns.clone().filter_map(|column| weights.get(column.weights)).map(|one| one.entries.len());
    table.cells.reserve(cells.sum());
    table.columns.reserve(columns.len());
    let quotas = table.round_down::<T>(weights, columns, negative)?;
    if quotas.left.iter().any(|&left| left > 0) {
        Units::new(&mut table, &quotas, tie)?.place()?;
    }
    for cell in &mut table.cells {
        cell.amount = cell.amount.checked_add(i64::from(cell.up))?;
        if negative {
            cell.amount = cell.amount.checked_neg()?;
        }
        let row = table.rows.get_mut(cell.row)?;
        *row = row.checked_add(cell.amount)?;
    }
    Some(table)
}

/// Whether a table that sums to nothing is worked out as the mirror of another: where the first row by tie that has a
/// quota owes less than nothing or, where no row owes anything, where the first column is below zero.
fn starts_below_zero<T: Exact, K: Ord>(
    rows: usize,
    weights: &[Weights<T>],
    columns: &(impl ExactSizeIterator<Item = Column> + Clone),
    tie: impl Fn(usize) -> K,
) -> Option<bool> {
    let mut table = Table::empty(rows);
    let quotas = table.round_down::<T>(weights, columns, false)?;
    let mut sums: Vec<i128> = quotas.least.iter().map(|(least, _)| i128::from(*least)).collect();
    for cell in &table.cells {
        let sum = sums.get_mut(cell.row)?;
        *sum = sum.checked_add(i128::from(cell.amount))?;
    }
    let owing = sums.iter().zip(&quotas.least).enumerate();
    let owing = owing.filter(|(_, (sum, (_, fraction)))| **sum != 0 || !fraction.is_zero());
    let first = columns.clone().map(|column| column.amount).find(|&amount| amount != 0).unwrap_or_default();
    Some(owing.min_by_key(|(row, _)| tie(*row)).map_or(first < 0, |(_, (sum, _))| *sum < 0))
}

/// What is known of the quotas once every cell is rounded down.
struct Quotas<T> {
    /// Units left to give, by column.
    left: Vec<usize>,
    /// By row: how many units it must have at least, and the fraction that is left of its quota then, of a common
    /// denominator.
    least: Vec<(i64, T)>,
}

impl Table {
    fn round_down<T: Exact>(
        &mut self,
        weights: &[Weights<T>],
        columns: &(impl ExactSizeIterator<Item = Column> + Clone),
        negative: bool,
    ) -> Option<Quotas<T>> {
        let common = common_denominator(weights, columns.clone())?;
        let mut left = Vec::with_capacity(columns.len());
        let mut fractions: Vec<T> = self.rows.iter().map(|_| T::zero()).collect();
        let mut add = |row: usize, fraction: &T| {
            let sum = fractions.get_mut(row)?;
            *sum = sum.checked_add(fraction)?;
            Some(())
        };
        // Neighbouring columns often share their weights.
        let mut factor_of: Option<(usize, T)> = None;
        for column in columns.clone() {
            let Weights { entries, total, equal } = weights.get(column.weights)?;
            let factor = match factor_of {
                Some((same, factor)) if same == column.weights => factor,
                _ => common.quotient(total).0,
            };
            let amount = if negative { column.amount.checked_neg()? } else { column.amount };
            let start = self.cells.len();
            let mut rest = amount;
            if let [(row, _)] = entries.as_slice() {
                // One row has it all.
                rest = 0;
                self.cells.push(Cell { row: *row, amount, fractional: false, up: false });
            } else if *equal {
                let (quota, remainder) = T::from(amount).quotient(total);
                let quota = quota.to_i64()?;
                let fraction = remainder.checked_mul(&factor)?;
                let fractional = !remainder.is_zero();
                let cell = |(row, _): &(usize, T)| Cell { row: *row, amount: quota, fractional, up: false };
                self.cells.extend(entries.iter().map(cell));
                rest = remainder.to_i64()?;
                if fractional {
                    entries.iter().try_for_each(|(row, _)| add(*row, &fraction))?;
                }
            } else {
                for (row, weight) in entries {
                    let (quota, remainder) = T::from(amount).checked_mul(weight)?.quotient(total);
                    let quota = quota.to_i64()?;
                    rest = rest.checked_sub(quota)?;
                    let fractional = !remainder.is_zero();
                    self.cells.push(Cell { row: *row, amount: quota, fractional, up: false });
                    add(*row, &remainder.checked_mul(&factor)?)?;
                }
            }
            factor_of = Some((column.weights, factor));
            self.columns.push(start..self.cells.len());
            left.push(usize::try_from(rest).ok()?);
        }
        let least = fractions
            .into_iter()
            .map(|sum| {
                let (whole, fraction) = sum.quotient(&common);
                Some((whole.to_i64()?, fraction))
            })
            .collect::<Option<_>>()?;
        Some(Quotas { left, least })
    }
}

/// What the totals of all weights divide by which a column is divided.
fn common_denominator<T: Exact>(weights: &[Weights<T>], columns: impl Iterator<Item = Column>) -> Option<T> {
    let mut common = T::one();
    let mut last = None;
    for column in columns {
        if last != Some(column.weights) {
            common = lcm(&common, &weights.get(column.weights)?.total)?;
            last = Some(column.weights);
        }
    }
    Some(common)
}

/// The units that are left once every cell is rounded down, while they are given out.
pub(super) struct Units<'table> {
    pub(super) table: &'table mut Table,
    /// By column: units to give.
    left: &'table [usize],
    /// By row: how many units it has beyond those that it must have; in the end 0, or 1 where there is room.
    pub(super) extra: Vec<i64>,
    /// By row: 1 where its quota is not whole, else 0.
    pub(super) room: Vec<i64>,
    /// All rows, the largest remainder first.
    pub(super) ranking: Vec<usize>,
}

impl<'table> Units<'table> {
    fn new<T: Exact, K: Ord>(
        table: &'table mut Table,
        quotas: &'table Quotas<T>,
        tie: impl Fn(usize) -> K,
    ) -> Option<Self> {
        let mut ranking: Vec<(&T, K, usize)> =
            quotas.least.iter().enumerate().map(|(row, (_, fraction))| (fraction, tie(row), row)).collect();
        ranking.sort_unstable_by(|(a, a_tie, _), (b, b_tie, _)| b.cmp(a).then_with(|| a_tie.cmp(b_tie)));
        Some(Self {
            table,
            left: &quotas.left,
            extra: quotas.least.iter().map(|(least, _)| least.checked_neg()).collect::<Option<_>>()?,
            room: quotas.least.iter().map(|(_, fraction)| i64::from(!fraction.is_zero())).collect(),
            ranking: ranking.into_iter().map(|(_, _, row)| row).collect(),
        })
    }

    /// Gives out all units. Nothing only if there is no solution, which cannot be.
    fn place(mut self) -> Option<()> {
        let wished = self.wished()?;
        self.give(&wished)?;
        if self.extra == wished { Some(()) } else { Exchange::new(self)?.settle() }
    }

    /// The extra units of each row if only the largest remainders decided.
    fn wished(&self) -> Option<Vec<i64>> {
        let units: usize = self.left.iter().sum();
        let must: i64 = self.extra.iter().sum();
        let mut wished = vec![0; self.extra.len()];
        let places = usize::try_from(i64::try_from(units).ok()?.checked_add(must)?).ok()?;
        for &row in self.ranking.iter().take(places) {
            *wished.get_mut(row)? = 1;
        }
        Some(wished)
    }

    /// Gives the units of each column to the rows that lack most of what is wished for them; columns with the
    /// fewest rows choose first. Where every row has a part in every column, this always meets the wishes
    /// (Gale and Ryser, 1957).
    fn give(&mut self, wished: &[i64]) -> Option<()> {
        let mut rank = vec![0; self.ranking.len()];
        for (place, &row) in self.ranking.iter().enumerate() {
            *rank.get_mut(row)? = place;
        }
        let mut columns: Vec<(usize, usize)> = Vec::with_capacity(self.left.len());
        for (column, range) in self.table.columns.iter().enumerate() {
            if self.left.get(column).is_some_and(|&left| left > 0) {
                columns.push((range.len(), column));
            }
        }
        columns.sort_unstable();
        let mut candidates: Vec<(Reverse<i64>, usize, usize)> = Vec::new();
        for (_, column) in columns {
            let left = *self.left.get(column)?;
            candidates.clear();
            for index in self.table.columns.get(column)?.clone() {
                let cell = self.table.cells.get(index)?;
                if cell.fractional {
                    let lacks = wished.get(cell.row)?.checked_sub(*self.extra.get(cell.row)?)?;
                    candidates.push((Reverse(lacks), *rank.get(cell.row)?, index));
                }
            }
            if left < candidates.len() {
                candidates.select_nth_unstable(left);
            }
            for &(_, _, index) in candidates.iter().take(left) {
                self.table.cells.get_mut(index)?.up = true;
                let row = self.table.cells.get(index)?.row;
                let extra = self.extra.get_mut(row)?;
                *extra = extra.checked_add(1)?;
            }
        }
        Some(())
    }
}
