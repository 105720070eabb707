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

mod bundle;
mod exchange;

use std::cmp::Reverse;
use std::ops::Range;

use self::bundle::Bundle;
use self::exchange::Exchange;
use super::exact::{Exact, lcm};
use super::weights::Weights;

/// An amount to divide, and the place of its weights in a list of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) amount: i64,
    pub(super) weights: usize,
}

/// Amounts that are divided by the same weights, of which nobody asks what each row has of one alone.
#[derive(Debug)]
pub(super) struct Together {
    pub(super) amounts: Vec<i64>,
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

/// Rounds the table of so many rows, in which each column is divided by its weights. What is `together` are columns before the
/// others, which come out as one. Nothing when a number is too large for `T`, or for an amount. A table that sums to less than
/// zero mirrors the one that sums to more.
pub(super) fn round<T: Exact, K: Ord>(
    rows: usize,
    weights: &[Weights<T>],
    together: Option<&Together>,
    columns: &(impl ExactSizeIterator<Item = Column> + Clone),
    tie: impl Fn(usize) -> K,
) -> Option<Table> {
    let mut table = Table::empty(rows);
    if columns.len() == 0 && together.is_none() {
        return Some(table);
    }
    let amounts = || {
        let first = together.into_iter().flat_map(|together| together.amounts.iter().copied());
        first.chain(columns.clone().map(|column| column.amount))
    };
    let sum: i128 = amounts().map(i128::from).sum();
    let is_nothing = sum == 0 && amounts().all(|amount| amount == 0);
    let down = |table: &mut Table, negative| table.round_down(weights, together, columns, negative);
    let negative = sum < 0
        || sum == 0 && !is_nothing && {
            let mut table = Table::empty(rows);
            let quotas = down(&mut table, false)?;
            let first = amounts().find(|&amount| amount != 0).unwrap_or_default();
            starts_below_zero(&table, &quotas, first, &tie)?
        };
    let cells = columns.clone().filter_map(|column| weights.get(column.weights)).map(|one| one.entries.len());
    table.cells.reserve(cells.sum());
    table.columns.reserve(columns.len());
    let mut quotas = down(&mut table, negative)?;
    if quotas.are_left() {
        Units::new(&mut table, &mut quotas, tie)?.place()?;
    }
    if let Some(bundle) = &quotas.bundle {
        table.add_first(bundle.sums()?);
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
/// quota owes less than nothing or, where no row owes anything, where the first column that is anything is below zero.
fn starts_below_zero<T: Exact, K: Ord>(
    table: &Table,
    quotas: &Quotas<T>,
    first: i64,
    tie: impl Fn(usize) -> K,
) -> Option<bool> {
    let mut sums: Vec<i128> = quotas.least.iter().map(|(least, _)| i128::from(*least)).collect();
    for cell in &table.cells {
        let sum = sums.get_mut(cell.row)?;
        *sum = sum.checked_add(i128::from(cell.amount))?;
    }
    for (row, amount, _) in quotas.bundle.iter().flat_map(Bundle::rests) {
        let sum = sums.get_mut(row)?;
        *sum = sum.checked_add(amount)?;
    }
    let owing = sums.iter().zip(&quotas.least).enumerate();
    let owing = owing.filter(|(_, (sum, (_, fraction)))| **sum != 0 || !fraction.is_zero());
    Some(owing.min_by_key(|(row, _)| tie(*row)).map_or(first < 0, |(_, (sum, _))| *sum < 0))
}

/// What is known of the quotas once every cell is rounded down.
struct Quotas<T> {
    /// The columns that come out as one.
    bundle: Option<Bundle>,
    /// Units left to give, by column after them.
    left: Vec<usize>,
    /// By row: how many units it must have at least, and the fraction that is left of its quota then, of a common
    /// denominator.
    least: Vec<(i64, T)>,
}

impl<T> Quotas<T> {
    fn are_left(&self) -> bool {
        self.left.iter().any(|&left| left > 0)
            || self.bundle.as_ref().is_some_and(|bundle| bundle.left().iter().any(|&left| left > 0))
    }
}

impl Table {
    /// Adds a column before all others.
    fn add_first(&mut self, cells: Vec<Cell>) {
        let start = self.cells.len();
        self.cells.extend(cells);
        self.columns.insert(0, start..self.cells.len());
    }

    fn round_down<T: Exact>(
        &mut self,
        weights: &[Weights<T>],
        together: Option<&Together>,
        columns: &(impl ExactSizeIterator<Item = Column> + Clone),
        negative: bool,
    ) -> Option<Quotas<T>> {
        let first = together.map(|together| Column { amount: 0, weights: together.weights });
        let common = common_denominator(weights, first.into_iter().chain(columns.clone()))?;
        let mut left = Vec::with_capacity(columns.len());
        let mut fractions: Vec<T> = self.rows.iter().map(|_| T::zero()).collect();
        let mut add = |row: usize, fraction: &T| fractions.get_mut(row)?.add_to(fraction);
        let mut bundle = None;
        if let Some(Together { amounts, weights: place }) = together {
            let weights = weights.get(*place)?;
            let rounded = Bundle::rounded_down(weights, amounts, negative)?;
            let factor = common.quotient(&weights.total).0;
            for (row, _, rest) in rounded.rests() {
                add(row, &T::from(i128::try_from(rest).ok()?).checked_mul(&factor)?)?;
            }
            bundle = Some(rounded);
        }
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
                    let (quota, remainder) = quota(amount, weight, total)?;
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
        Some(Quotas { bundle, left, least })
    }
}

/// The quota of a weight in an amount, rounded down, and what is left of it, in units of one divided by the total.
fn quota<T: Exact>(amount: i64, weight: &T, total: &T) -> Option<(i64, T)> {
    // Most numbers are small, whatever `T` is for the sake of others.
    if let (Some(weight), Some(total)) = (weight.to_i64(), total.to_i64()) {
        let (quota, rest) = i128::from(amount).checked_mul(weight.into())?.quotient(&total.into());
        return Some((i64::try_from(quota).ok()?, T::from(rest)));
    }
    let (quota, rest) = T::from(amount).checked_mul(weight)?.quotient(total);
    Some((quota.to_i64()?, rest))
}

/// What the totals of all weights divide by which a column is divided.
fn common_denominator<T: Exact>(weights: &[Weights<T>], columns: impl Iterator<Item = Column>) -> Option<T> {
    let mut common = T::one();
    let mut seen = vec![false; weights.len()];
    for column in columns {
        if !std::mem::replace(seen.get_mut(column.weights)?, true) {
            common = lcm(&common, &weights.get(column.weights)?.total)?;
        }
    }
    Some(common)
}

/// The units that are left once every cell is rounded down, while they are given out.
pub(super) struct Units<'table> {
    pub(super) table: &'table mut Table,
    /// The columns that come out as one.
    bundle: Option<&'table mut Bundle>,
    /// By column after them: units to give.
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
        quotas: &'table mut Quotas<T>,
        tie: impl Fn(usize) -> K,
    ) -> Option<Self> {
        let mut ranking: Vec<(&T, K, usize)> =
            quotas.least.iter().enumerate().map(|(row, (_, fraction))| (fraction, tie(row), row)).collect();
        ranking.sort_unstable_by(|(a, a_tie, _), (b, b_tie, _)| b.cmp(a).then_with(|| a_tie.cmp(b_tie)));
        Some(Self {
            table,
            bundle: quotas.bundle.as_mut(),
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
        let bundled = self.bundle.iter().flat_map(|bundle| bundle.left());
        let units: usize = self.left.iter().chain(bundled).sum();
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
        let bundled = self.bundle.as_ref().map_or(0, |bundle| bundle.len());
        let (fewer, others) = columns.split_at(columns.partition_point(|&(rows, _)| rows < bundled));
        self.give_of(fewer, wished, &rank)?;
        self.give_of_bundle(wished, &rank)?;
        self.give_of(others, wished, &rank)
    }

    fn give_of(&mut self, columns: &[(usize, usize)], wished: &[i64], rank: &[usize]) -> Option<()> {
        let mut candidates: Vec<(Reverse<i64>, usize, usize)> = Vec::new();
        for &(_, column) in columns {
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

    fn give_of_bundle(&mut self, wished: &[i64], rank: &[usize]) -> Option<()> {
        let Some(bundle) = &mut self.bundle else { return Some(()) };
        let lacks = |row: usize| wished.get(row)?.checked_sub(*self.extra.get(row)?);
        let mut by_part =
            bundle.rows().map(|row| Some((lacks(row)?, *rank.get(row)?))).collect::<Option<Vec<_>>>()?;
        bundle.give(&mut by_part)?;
        for (row, (lacks, _)) in bundle.rows().zip(by_part) {
            *self.extra.get_mut(row)? = wished.get(row)?.checked_sub(lacks)?;
        }
        Some(())
    }
}
