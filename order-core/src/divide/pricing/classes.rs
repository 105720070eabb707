//! Groups dishes by the taxes on them, so that of 5,000 dishes and 32 taxes each dish is summed
//! once.

use std::collections::BTreeMap;

use crate::divide::charge::ChargeKind;
use crate::divide::exact::Exact;
use crate::divide::statement::Statement;
use crate::divide::terms::StatedRule;
use crate::divide::weights::Weights;

/// Dishes with the same taxes.
pub(super) struct Class<T> {
    /// By index of a charge: whether it is a tax on these dishes.
    taxes: Vec<bool>,
    /// Their total price.
    pub(super) value: T,
    /// Each row's part of that, if it has any, with the common denominator of all dishes. Empty if
    /// all dishes are divided alike.
    pub(super) parts: Vec<(usize, T)>,
}

impl<T> Class<T> {
    /// Whether the charge at this index is a tax on these dishes.
    pub(super) fn is_taxed(&self, charge: usize) -> bool {
        self.taxes.get(charge).copied().unwrap_or_default()
    }
}

impl<T: Exact> Class<T> {
    /// The same dishes at a multiple of their prices. `None` on overflow.
    pub(super) fn scaled(&self, times: &T) -> Option<Self> {
        let part = |(row, part): &(usize, T)| Some((*row, part.checked_mul(times)?));
        Some(Self {
            taxes: self.taxes.clone(),
            value: self.value.checked_mul(times)?,
            parts: self.parts.iter().map(part).collect::<Option<_>>()?,
        })
    }
}

/// How the dishes of a bill are divided, and what they cost.
pub(super) struct Dishes<'bill, T> {
    /// All weights.
    pub(super) weights: &'bill [Weights<T>],
    /// A common multiple of their totals.
    pub(super) denominator: &'bill T,
    /// By dish: the index of its weights.
    pub(super) of: &'bill [usize],
    pub(super) prices: &'bill [i64],
}

/// Groups the dishes of a bill into classes.
pub(super) fn classes<T: Exact>(bill: &Statement<'_>, dishes: &Dishes<'_, T>) -> Option<Vec<Class<T>>> {
    let (taxes, class_of) = by_taxes(bill);
    let mut members: Vec<Vec<(usize, i64)>> = vec![Vec::new(); taxes.len()];
    for ((&class, &weights), &price) in class_of.iter().zip(dishes.of).zip(dishes.prices) {
        members.get_mut(class)?.push((weights, price));
    }
    let mut adding = match bill.terms.rule {
        StatedRule::Claims => Some(Adding::new(dishes, bill.unassigned_row().checked_add(1)?)),
        StatedRule::Alike(_) => None,
    };
    let class = |(taxes, members): (Vec<bool>, Vec<(usize, i64)>)| {
        let value = members.iter().try_fold(0_i128, |sum, &(_, price)| sum.checked_add(price.into()))?;
        let parts = match &mut adding {
            Some(adding) => adding.parts(&members)?,
            None => Vec::new(),
        };
        Some(Class { taxes, value: T::from(value), parts })
    };
    taxes.into_iter().zip(members).map(class).collect()
}

/// The taxes of each class, and the class of each dish.
fn by_taxes(bill: &Statement<'_>) -> (Vec<Vec<bool>>, Vec<usize>) {
    let types = |kind: &ChargeKind| match kind {
        ChargeKind::Tax { dish_types, .. } => !dish_types.is_empty(),
        ChargeKind::Service { .. }
        | ChargeKind::Tip { .. }
        | ChargeKind::Discount { .. }
        | ChargeKind::Fee { .. } => false,
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let kind_of: Vec<usize> = if bill.extras.charges.iter().any(|charge| types(&charge.kind)) {
        let next = |kinds: &BTreeMap<_, _>| kinds.len();
        bill.dishes
            .iter()
            .map(|dish| {
                let number = next(&kinds);
                *kinds.entry(dish.kind).or_insert(number)
            })
            .collect()
    } else {
        // No tax depends on the type of dish.
        vec![0; bill.dishes.len()]
    };
    let mut taxes = vec![vec![false; bill.extras.charges.len()]; kinds.len().max(1)];
    for (place, charge) in bill.extras.charges.iter().enumerate() {
        let ChargeKind::Tax { dish_types, .. } = &charge.kind else { continue };
        let mut tax = |kind: usize| {
            if let Some(is_on) = taxes.get_mut(kind).and_then(|taxes| taxes.get_mut(place)) {
                *is_on = true;
            }
        };
        if dish_types.is_empty() {
            (0..kinds.len().max(1)).for_each(tax);
        } else {
            dish_types.iter().filter_map(|name| kinds.get(name.as_str()).copied()).for_each(&mut tax);
        }
    }
    let mut classes: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let mut list = Vec::new();
    let class_of_kind: Vec<usize> = taxes
        .into_iter()
        .map(|taxes| {
            *classes.entry(taxes).or_insert_with_key(|taxes| {
                list.push(taxes.clone());
                list.len().saturating_sub(1)
            })
        })
        .collect();
    let class_of = kind_of.iter().map(|&kind| class_of_kind.get(kind).copied().unwrap_or_default());
    let class_of = class_of.collect();
    (list, class_of)
}

/// Sums each row's part of some dishes.
struct Adding<'dishes, T> {
    dishes: &'dishes Dishes<'dishes, T>,
    /// By weights: the factor that brings their parts to the common denominator.
    factors: Vec<Option<T>>,
    /// By weights: the price of the dishes that they divide, if there are any.
    prices: Vec<Option<i128>>,
    /// By row: its sum, if it has any.
    sums: Vec<Option<T>>,
}

impl<'dishes, T: Exact> Adding<'dishes, T> {
    fn new(dishes: &'dishes Dishes<'dishes, T>, rows: usize) -> Self {
        let list = dishes.weights.len();
        Self { dishes, factors: vec![None; list], prices: vec![None; list], sums: vec![None; rows] }
    }

    /// Each row's part of dishes with these weights and prices.
    fn parts(&mut self, members: &[(usize, i64)]) -> Option<Vec<(usize, T)>> {
        // Dishes that are divided alike are summed first.
        let mut used = Vec::new();
        for &(weights, price) in members {
            match self.prices.get_mut(weights)? {
                Some(sum) => *sum = sum.checked_add(price.into())?,
                none => {
                    *none = Some(price.into());
                    used.push(weights);
                }
            }
        }
        let mut rows = Vec::new();
        for place in used {
            let price = self.prices.get_mut(place)?.take().filter(|&price| price != 0);
            let (Some(price), weights) = (price, self.dishes.weights.get(place)?) else { continue };
            let factor = self.factors.get_mut(place)?;
            let factor = factor.get_or_insert_with(|| self.dishes.denominator.quotient(&weights.total).0);
            let factor = T::from(price).checked_mul(factor)?;
            for (row, weight) in &weights.entries {
                let part = factor.checked_mul(weight)?;
                match self.sums.get_mut(*row)? {
                    Some(sum) => sum.add_to(&part)?,
                    none => {
                        *none = Some(part);
                        rows.push(*row);
                    }
                }
            }
        }
        rows.sort_unstable();
        rows.into_iter().map(|row| Some((row, self.sums.get_mut(row)?.take()?))).collect()
    }
}
