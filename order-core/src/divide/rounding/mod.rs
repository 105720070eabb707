//! Controlled rounding: turns a table of exact quotas into a table of whole numbers in which
//! every row and every column still sums.
//!
//! Each column is a whole amount that is divided over the rows by weights, so each cell has an exact quota, and so
//! has each row. The result has every cell and every row at its quota rounded down or up, never further
//! away, and every column at its amount. Such a table always exists: the units that are left once all cells are
//! rounded down are a flow from rows to columns whose fractional solution is the quotas themselves, and
//! a flow with whole bounds has a whole solution (Bacharach, *Matrix rounding problems*, Management
//! Science 12, 1966; Causey, Cox and Ernst, *Applications of transportation theory to statistical problems*, JASA 80,
//! 1985; Cox, *A constructive procedure for unbiased controlled rounding*, JASA 82, 1987).
//!
//! Among these tables, the chosen one rounds up the rows with the largest remainders. The sets
//! of rows that can be rounded up together are the bases of a matroid, so a greedy pass over
//! the rows, from the largest remainder down, keeping each row that is still possible, gives
//! the largest sum of remainders. Ties go to the smaller tie value, so no total
//! depends on the order in which people are listed. Where units go by chance instead, [`chance`] says how.

mod bundle;
mod chance;
mod exchange;
mod quotas;
mod table;
#[cfg(test)]
mod tests;
mod units;

pub(crate) use self::table::Cell;
pub(super) use self::table::{Column, Table, Together};

use self::bundle::Bundle;
use self::chance::{Draws, round_by_chance};
use self::exchange::Exchange;
use self::quotas::Quotas;
use self::units::Units;
use super::exact::Exact;
use super::weights::Weights;
use crate::value::OrderId;

/// Rounds the table of so many rows, in which each column is divided by its weights. What is `together` are columns before the
/// others, which come out as one; there are none where units go by `chance`, which follows from the order. `None` when a number is too large for `T`, or for an amount. A table that sums to less than
/// zero mirrors the one that sums to more.
pub(super) fn round<T: Exact, K: Ord>(
    rows: usize,
    weights: &[Weights<T>],
    together: Option<&Together>,
    columns: &(impl ExactSizeIterator<Item = Column> + Clone),
    tie: impl Fn(usize) -> K,
    chance: Option<&OrderId>,
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
        match chance {
            None => place(Units::new(&mut table, &mut quotas, tie)?)?,
            Some(order) => {
                let columns = (weights, &mut columns.clone() as &mut dyn Iterator<Item = Column>);
                round_by_chance(&mut table, &quotas, columns, negative, tie, &mut Draws::new(order))?;
            }
        }
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

/// Gives out all units. There is always a solution, so this is never `None`.
fn place(mut units: Units<'_>) -> Option<()> {
    let wished = units.wished()?;
    units.give(&wished)?;
    if units.extra == wished { Some(()) } else { Exchange::new(units)?.settle() }
}

/// Whether a table that sums to zero is computed as the mirror of another: if the first row by
/// tie with a non-zero sum has a negative one or, if no row owes anything, if the first
/// non-zero column is negative.
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
