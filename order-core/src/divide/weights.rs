//! Weights: the proportions in which amounts are divided.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;

use super::exact::{Exact, lcm};
use super::share_number::Weight;
use super::statement::{StatedDish, Statement};
use super::terms::StatedRule;
use crate::value::Seat;

/// The maximum size of the common denominator of an order's dishes, in bits. Up to 250 people
/// who share dishes equally stay below it.
const MAX_ORDER_BITS: u64 = 512;

/// How an amount is divided: the weight of each row. The weights sum to `total`, which is above
/// zero; or there are no weights, and it is zero.
#[derive(Debug, Clone)]
pub(super) struct Weights<T> {
    pub(super) entries: Vec<(usize, T)>,
    pub(super) total: T,
    /// Whether all weights are one.
    pub(super) equal: bool,
}

impl<T: Exact> Weights<T> {
    /// Gives everything to one row.
    pub(super) fn whole(row: usize) -> Self {
        Self { entries: vec![(row, T::one())], total: T::one(), equal: true }
    }

    /// Reduces weights to small numbers with a sum above zero. `None` when their sum is too large.
    pub(super) fn of(mut entries: Vec<(usize, T)>) -> Option<Self> {
        entries.retain(|(_, weight)| !weight.is_zero());
        // Most dishes are shared equally.
        let equal = entries.first().filter(|(_, first)| entries.iter().all(|(_, weight)| weight == first));
        if equal.is_some() {
            let total = T::from(i64::try_from(entries.len()).ok()?);
            let entries = entries.into_iter().map(|(row, _)| (row, T::one())).collect();
            return Some(Self { entries, total, equal: true });
        }
        let mut total = entries.iter().try_fold(T::zero(), |sum, (_, weight)| sum.checked_add(weight))?;
        if total.is_zero() {
            return Some(Self { entries: Vec::new(), total, equal: false });
        }
        let mut divisor = T::common_divisor(entries.iter().map(|(_, weight)| weight));
        if total < T::zero() {
            divisor = T::zero().checked_sub(&divisor)?;
        }
        if !divisor.is_one() {
            for (_, weight) in &mut entries {
                *weight = weight.quotient(&divisor).0;
            }
            total = total.quotient(&divisor).0;
        }
        Some(Self { entries, total, equal: false })
    }

    /// Whether no row has a part.
    pub(super) fn is_nothing(&self) -> bool {
        self.total.is_zero()
    }

    fn or_unassigned(self, bill: &Statement<'_>) -> Self {
        if self.is_nothing() { Self::whole(bill.unassigned_row()) } else { self }
    }
}

/// The weights of the dishes of a bill. Dishes that are divided alike share an entry.
pub(super) struct DishWeights<T> {
    pub(super) list: Vec<Weights<T>>,
    /// By dish: the index of its weights in the list.
    pub(super) of: Vec<usize>,
    /// A common multiple of all their totals.
    pub(super) denominator: T,
}

impl<T: Exact> DishWeights<T> {
    pub(super) fn new(bill: &Statement<'_>) -> Option<Self> {
        match &bill.terms.rule {
            StatedRule::Alike(entries) => {
                let entries = entries.iter().map(|&(row, weight)| (row, T::from(weight))).collect();
                let weights = Weights::of(entries)?.or_unassigned(bill);
                let denominator = weights.total.clone();
                Some(Self { list: vec![weights], of: vec![0; bill.dishes.len()], denominator })
            }
            StatedRule::Claims => Self::by_claims(bill),
        }
    }

    fn by_claims(bill: &Statement<'_>) -> Option<Self> {
        // Most dishes belong to one person, or to people who share other dishes too.
        let mut alone: Vec<Option<usize>> = vec![None; bill.unassigned_row().saturating_add(1)];
        let mut together: BTreeMap<&[(Seat, Weight)], usize> = BTreeMap::new();
        let mut this =
            Self { list: Vec::new(), of: Vec::with_capacity(bill.dishes.len()), denominator: T::one() };
        for dish in &bill.dishes {
            if dish.claims.len() > 1
                && let Some(&place) = together.get(dish.claims)
            {
                this.of.push(place);
                continue;
            }
            let entries = parts(bill, dish)?;
            let only = match entries.as_slice() {
                [] => Some(bill.unassigned_row()),
                [(row, _)] => Some(*row),
                _ => None,
            };
            if let Some(place) = only.and_then(|row| *alone.get(row)?) {
                this.of.push(place);
                continue;
            }
            let place = this.list.len();
            if let Some(alone) = only.and_then(|row| alone.get_mut(row)) {
                *alone = Some(place);
            } else {
                together.insert(dish.claims, place);
            }
            let weights = match only {
                Some(row) => Weights::whole(row),
                None => Weights::of(entries)?.or_unassigned(bill),
            };
            this.denominator = lcm(&this.denominator, &weights.total)?;
            this.list.push(weights);
            this.of.push(place);
        }
        Some(this)
    }
}

/// Who pays for a dish, and the weight of each.
fn parts<T: Exact>(bill: &Statement<'_>, dish: &StatedDish<'_>) -> Option<Vec<(usize, T)>> {
    let mut parts: Vec<(usize, T)> = Vec::with_capacity(dish.claims.len());
    for (seat, weight) in dish.claims.iter().filter(|(_, weight)| weight.millionths() > 0) {
        parts.push((bill.payer(seat.0), T::from(i64::try_from(weight.millionths()).ok()?)));
    }
    if bill.terms.payers.is_empty() {
        return Some(parts);
    }
    // Several may have the same payer.
    parts.sort_unstable_by_key(|(row, _)| *row);
    let mut merged: Vec<(usize, T)> = Vec::with_capacity(parts.len());
    for (row, weight) in parts {
        match merged.last_mut().filter(|(last, _)| *last == row) {
            Some((_, sum)) => *sum = sum.checked_add(&weight)?,
            None => merged.push((row, weight)),
        }
    }
    Some(merged)
}

/// Says whether the exact bill stays of bounded size when dishes are shared by these weights.
pub(crate) fn is_tractable(dishes: impl Iterator<Item = Vec<Weight>>) -> bool {
    let mut totals = BTreeSet::new();
    for weights in dishes {
        let millionths = weights.into_iter().map(|weight| (0, i128::from(weight.millionths())));
        // The sum of all weights that there can be fits many times over.
        if let Some(weights) = Weights::of(millionths.collect()).filter(|weights| !weights.is_nothing()) {
            totals.insert(weights.total);
        }
    }
    let common =
        totals.into_iter().map(BigInt::from).try_fold(BigInt::from(1), |common, total| lcm(&common, &total));
    common.is_some_and(|common| common.bits() <= MAX_ORDER_BITS)
}
