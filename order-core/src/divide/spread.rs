//! Divides amounts over rows that are no people, such as discounts over the dishes of an invoice.

use num_bigint::BigInt;

use super::exact::{Exact, lcm};
use super::rounding::{Column, round};
use super::weights::Weights;

/// The weight of a row: a number, over a divisor above zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowWeight {
    pub(crate) number: i64,
    pub(crate) divisor: i64,
}

/// An amount in minor units, and the weight of each row in it.
pub(crate) struct Spread {
    pub(crate) amount: i64,
    pub(crate) weights: Vec<RowWeight>,
}

/// Divides the amounts over so many rows: by row, its part of each. Every amount sums, and every part and every row's sum is its
/// exact quota rounded down or up; between equal remainders, the first rows go first. An amount without any weight is
/// divided over none. `None` when numbers are too large.
pub(crate) fn spread(rows: usize, amounts: &[Spread]) -> Option<Vec<Vec<i64>>> {
    spread_with::<i128>(rows, amounts).or_else(|| spread_with::<BigInt>(rows, amounts))
}

fn spread_with<T: Exact>(rows: usize, amounts: &[Spread]) -> Option<Vec<Vec<i64>>> {
    let weights = amounts.iter().map(|spread| weights::<T>(&spread.weights)).collect::<Option<Vec<_>>>()?;
    let columns: Vec<_> = amounts
        .iter()
        .enumerate()
        .map(|(weights, spread)| Column { amount: spread.amount, weights })
        .filter(|column| weights.get(column.weights).is_some_and(|weights| !weights.is_nothing()))
        .collect();
    let table = round(rows, &weights, None, &columns.iter().copied(), |row| row, None)?;
    let mut parts = vec![vec![0; amounts.len()]; rows];
    for (place, column) in columns.iter().enumerate() {
        for cell in table.column(place) {
            *parts.get_mut(cell.row)?.get_mut(column.weights)? = cell.amount;
        }
    }
    Some(parts)
}

fn weights<T: Exact>(weights: &[RowWeight]) -> Option<Weights<T>> {
    let common =
        weights.iter().try_fold(T::one(), |common, weight| lcm(&common, &T::from(weight.divisor)))?;
    let entry = |(row, weight): (usize, &RowWeight)| {
        let factor = common.quotient(&T::from(weight.divisor)).0;
        Some((row, factor.checked_mul(&T::from(weight.number))?))
    };
    Weights::of(weights.iter().enumerate().map(entry).collect::<Option<_>>()?)
}
