//! Rounding every quota down.

use super::bundle::Bundle;
use super::table::{Cell, Column, Table, Together};
use crate::divide::exact::{Exact, lcm};
use crate::divide::weights::Weights;

/// The quotas once every cell is rounded down.
pub(super) struct Quotas<T> {
    /// The columns that come out as one.
    pub(super) bundle: Option<Bundle>,
    /// Units left to give, by column after them.
    pub(super) left: Vec<usize>,
    /// By row: how many units it must have at least, and the fraction of its quota beyond that,
    /// with a common denominator.
    pub(super) least: Vec<(i64, T)>,
    /// That denominator.
    pub(super) common: T,
}

impl<T> Quotas<T> {
    pub(super) fn are_left(&self) -> bool {
        self.left.iter().any(|&left| left > 0)
            || self.bundle.as_ref().is_some_and(|bundle| bundle.left().iter().any(|&left| left > 0))
    }
}

impl Table {
    /// Rounds every quota of the columns down.
    pub(super) fn round_down<T: Exact>(
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
                // A single row takes it all.
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
        Some(Quotas { bundle, left, least, common })
    }
}

/// The quota of a weight in an amount, rounded down, and its remainder in units of one divided
/// by the total.
fn quota<T: Exact>(amount: i64, weight: &T, total: &T) -> Option<(i64, T)> {
    // Most numbers are small, even when `T` must be large for others.
    if let (Some(weight), Some(total)) = (weight.to_i64(), total.to_i64()) {
        let (quota, rest) = i128::from(amount).checked_mul(weight.into())?.quotient(&total.into());
        return Some((i64::try_from(quota).ok()?, T::from(rest)));
    }
    let (quota, rest) = T::from(amount).checked_mul(weight)?.quotient(total);
    Some((quota.to_i64()?, rest))
}

/// The common denominator of the weights that the columns use.
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
