//! Charges with a base or a rounding of their own.
//!
//! The base of a charge is a sum of dishes and of lines of other charges. Each row's part of it is exact: a line of 27.50
//! is divided among the rows by its weights, whatever whole units each is given of it later. The common denominator of all
//! lines stays of bounded size, because the total of the weights of a base divides the lines' common denominator times the
//! base's value.

use std::collections::BTreeMap;

use super::Pricing;
use super::base::Base;
use super::classes::{Class, Dishes, classes};
use super::worth::HUNDRED;
use crate::divide::charge::{Basis, Charge, ChargeKind, ChargeValue};
use crate::divide::exact::{Exact, div_by, lcm};
use crate::divide::options::{AmountRounding, Discounts, RoundedPer};
use crate::divide::rounding::Column;
use crate::divide::share_number::Percentage;
use crate::divide::terms::StatedRule;
use crate::divide::weights::Weights;
use crate::value::text::Text;

/// Bases that were computed, and what they need.
pub(super) struct Named<T> {
    bases: Vec<(Key, NamedBase<T>)>,
    /// The dishes grouped by the taxes on them, before all discounts; `None`: not computed yet.
    undiscounted: Option<Vec<Class<T>>>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { bases: Vec::new(), undiscounted: None }
    }
}

/// What a base consists of.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    discounts: Discounts,
    /// By class of dishes: whether it belongs to the base.
    classes: Vec<bool>,
    /// The charges that belong to it, in ascending order.
    charges: Vec<usize>,
}

/// The sum of dishes and charges that a charge is on.
#[derive(Clone)]
struct NamedBase<T> {
    /// Each row's part, in units of one divided by `unit`.
    parts: Vec<(usize, T)>,
    /// Their sum.
    value: T,
    unit: T,
    /// The index of the weights that divide it; meaningless while its value is zero.
    weights: usize,
}

/// Whether a charge of this kind is priced here where its options differ from the defaults.
pub(super) fn has_base(kind: &ChargeKind) -> bool {
    match kind {
        // Their options are only how an amount is rounded.
        ChargeKind::Discount { .. } | ChargeKind::Tax { inclusive: true, .. } => false,
        ChargeKind::Tax { inclusive: false, .. }
        | ChargeKind::Service { .. }
        | ChargeKind::Tip { .. }
        | ChargeKind::Fee { .. } => true,
    }
}

impl<T: Exact> Pricing<'_, T> {
    /// Prices these charges, each after those that it is on. `None` when a number is too large, or a charge is on
    /// something that the bill does not have, which is refused before.
    pub(super) fn with_bases(&mut self, mut open: Vec<usize>) -> Option<()> {
        let charges = self.bill.extras.charges;
        while !open.is_empty() {
            let mut waiting = Vec::with_capacity(open.len());
            for &place in &open {
                let charge = charges.get(place)?;
                let named = charge.options.on.charges.iter().map(|name| place_of(charges, name));
                let mut on = named.collect::<Option<Vec<usize>>>()?;
                if on.iter().any(|other| open.contains(other)) {
                    waiting.push(place);
                    continue;
                }
                on.sort_unstable();
                self.with_base(place, charge, on)?;
            }
            if waiting.len() == open.len() {
                return None;
            }
            open = waiting;
        }
        Some(())
    }

    fn with_base(&mut self, place: usize, charge: &Charge, on: Vec<usize>) -> Option<()> {
        let key = Key {
            discounts: charge.options.on.discounts,
            classes: self.classes.iter().map(|class| is_on(charge, place, class)).collect(),
            charges: on,
        };
        let is_on_no_dish = charge.options.on.is_dishes() && !key.classes.contains(&true);
        let base = self.named_base(&key)?;
        if let (ChargeKind::Service { optional: true }, ChargeValue::Percent(percent)) =
            (&charge.kind, charge.value)
            && !self.bill.extras.waived.is_empty()
            && !base.value.is_zero()
        {
            return self.optional_service(place, percent, charge.options.rounding, &base);
        }
        let amount = match charge.value {
            // A tax on types without a dish is zero.
            _ if is_on_no_dish => 0,
            ChargeValue::Amount(amount) => amount.minor_units(),
            ChargeValue::Percent(percent) if charge.options.per == RoundedPer::Line => {
                self.by_line(charge, percent, &key)?
            }
            ChargeValue::Percent(percent) => {
                worth(percent, &base.value, &base.unit, charge.options.rounding)?
            }
        };
        match charge.kind {
            ChargeKind::Tip { by: Basis::Head } | ChargeKind::Fee { by: Basis::Head } => {
                let weights = self.heads()?;
                self.set(place, Column { amount, weights });
            }
            ChargeKind::Tip { by: Basis::Share }
            | ChargeKind::Fee { by: Basis::Share }
            | ChargeKind::Tax { .. }
            | ChargeKind::Service { .. }
            | ChargeKind::Discount { .. } => {
                self.by_share(place, amount, &Base { weights: base.weights, value: base.value });
            }
        }
        Some(())
    }

    /// A service charge of those who did not opt out.
    fn optional_service(
        &mut self,
        place: usize,
        percent: Percentage,
        rounding: AmountRounding,
        base: &NamedBase<T>,
    ) -> Option<()> {
        let waived = &self.bill.extras.waived;
        let paying: Vec<_> = base.parts.iter().filter(|(row, _)| !waived.contains(row)).cloned().collect();
        let part = paying.iter().try_fold(T::zero(), |sum, (_, part)| sum.checked_add(part))?;
        let amount = worth(percent, &part, &base.unit, rounding)?;
        let weights = Weights::of(paying)?;
        if !weights.is_nothing() {
            let weights = self.add(weights);
            self.set(place, Column { amount, weights });
        }
        Some(())
    }

    /// A tax that is rounded for each dish, and for each charge that it is on.
    fn by_line(&self, tax: &Charge, percent: Percentage, key: &Key) -> Option<i64> {
        let rate = i128::from(percent.millionths());
        let after = key.discounts == Discounts::After;
        let mut sum = 0_i64;
        if tax.options.on.dishes {
            for (place, dish) in self.bill.dishes.iter().enumerate().filter(|(_, dish)| taxes(tax, dish.kind))
            {
                let price = if after { *self.prices.get(place)? } else { dish.amount.minor_units() };
                sum =
                    sum.checked_add(self.part_of_dish(price, after, rate, HUNDRED, tax.options.rounding)?)?;
            }
        }
        for &place in &key.charges {
            let Some(Some(column)) = self.of_charges.get(place) else { continue };
            sum = sum.checked_add(self.part_of_dish(
                column.amount,
                false,
                rate,
                HUNDRED,
                tax.options.rounding,
            )?)?;
        }
        Some(sum)
    }

    /// A tax in prices that is rounded for each dish.
    pub(super) fn contained_by_dish(&self, tax: &Charge, percent: Percentage) -> Option<i64> {
        let rate = i128::from(percent.millionths());
        let mut wholes: BTreeMap<&str, i64> = BTreeMap::new();
        let mut sum = 0_i64;
        let dishes = self.bill.dishes.iter().zip(&self.prices);
        for (dish, &price) in dishes.filter(|(dish, _)| taxes(tax, dish.kind)) {
            let whole = match wholes.get(dish.kind) {
                Some(whole) => *whole,
                None => *wholes.entry(dish.kind).or_insert(self.whole_of(dish.kind)?),
            };
            sum = sum.checked_add(self.part_of_dish(price, true, rate, whole, tax.options.rounding)?)?;
        }
        Some(sum)
    }

    /// A hundred percent and the taxes in the price of a dish of this type, in millionths of a percent.
    fn whole_of(&self, kind: &str) -> Option<i64> {
        self.bill.extras.charges.iter().try_fold(HUNDRED, |sum, charge| match (&charge.kind, charge.value) {
            (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Percent(percent))
                if taxes(charge, kind) =>
            {
                sum.checked_add(i64::try_from(percent.millionths()).ok()?)
            }
            _ => Some(sum),
        })
    }

    /// Computes `price × rate ÷ whole`, of what discounts on the order leave if it is `after` them.
    fn part_of_dish(
        &self,
        price: i64,
        after: bool,
        rate: i128,
        whole: i64,
        rounding: AmountRounding,
    ) -> Option<i64> {
        // Fits 127 bits, whatever `T` is: two amounts of up to 15 digits and a rate of up to 9.
        let mut number = i128::from(price).checked_mul(rate)?;
        let mut divisor = i128::from(whole);
        if after && self.after != self.before {
            number = number.checked_mul(self.after.checked_mul(self.before.signum())?.into())?;
            divisor = divisor.checked_mul(self.before.checked_abs()?.into())?;
        }
        i64::try_from(div_by(&number, &divisor, rounding)?).ok()
    }

    fn named_base(&mut self, key: &Key) -> Option<NamedBase<T>> {
        if let Some((_, base)) = self.named.bases.iter().find(|(known, _)| known == key) {
            return Some(base.clone());
        }
        let mut parts: Vec<(usize, T)> =
            (0..=self.bill.unassigned_row()).map(|row| (row, T::zero())).collect();
        let mut unit = T::one();
        if key.classes.contains(&true) {
            unit = self.add_dishes(key, &mut parts)?;
        }
        for &place in &key.charges {
            let Column { amount, weights } = match self.of_charges.get(place) {
                Some(Some(column)) if column.amount != 0 => *column,
                _ => continue,
            };
            let Weights { entries, total, .. } = self.priced.weights.get(weights)?;
            let common = lcm(&unit, total)?;
            let (times, _) = common.quotient(&unit);
            if !times.is_one() {
                for (_, part) in &mut parts {
                    *part = part.checked_mul(&times)?;
                }
            }
            let each = T::from(amount).checked_mul(&common.quotient(total).0)?;
            for (row, weight) in entries {
                parts.get_mut(*row)?.1.add_to(&each.checked_mul(weight)?)?;
            }
            unit = common;
        }
        let value = parts.iter().try_fold(T::zero(), |sum, (_, part)| sum.checked_add(part))?;
        let weights = if value.is_zero() { 0 } else { self.add(Weights::of(parts.clone())?) };
        let base = NamedBase { parts, value, unit, weights };
        self.named.bases.push((key.clone(), base.clone()));
        Some(base)
    }

    /// Adds each row's part of the dishes of a base. Returns the unit of the parts.
    fn add_dishes(&mut self, key: &Key, parts: &mut [(usize, T)]) -> Option<T> {
        let is_before = key.discounts == Discounts::Before;
        if is_before && self.named.undiscounted.is_none() {
            let prices: Vec<i64> = self.bill.dishes.iter().map(|dish| dish.amount.minor_units()).collect();
            let dishes = Dishes {
                weights: &self.priced.weights,
                denominator: &self.denominator,
                of: &self.dish_weights,
                prices: &prices,
            };
            self.named.undiscounted = Some(classes(self.bill, &dishes)?);
        }
        let classes = match &self.named.undiscounted {
            Some(undiscounted) if is_before => undiscounted,
            _ => &self.classes,
        };
        let mut times = T::one();
        let mut unit = self.denominator.clone();
        if !is_before && self.after != self.before {
            times = T::from(self.after.checked_mul(self.before.signum())?);
            unit = unit.checked_mul(&T::from(self.before.checked_abs()?))?;
        }
        let chosen =
            || classes.iter().zip(&key.classes).filter(|(_, chosen)| **chosen).map(|(class, _)| class);
        match self.bill.terms.rule {
            StatedRule::Claims => {
                for (row, part) in chosen().flat_map(|class| &class.parts) {
                    parts.get_mut(*row)?.1.add_to(&part.checked_mul(&times)?)?;
                }
            }
            StatedRule::Alike(_) => {
                let mut value = T::zero();
                chosen().try_for_each(|class| value.add_to(&class.value))?;
                let value = value.checked_mul(&times)?;
                // Without a dish, there are no weights, and nothing to divide.
                for (row, weight) in self.priced.weights.first().iter().flat_map(|weights| &weights.entries) {
                    parts.get_mut(*row)?.1.add_to(&value.checked_mul(weight)?)?;
                }
            }
        }
        Some(unit)
    }
}

/// The place of the charge with this name. Only a service or a fee can be named.
fn place_of(charges: &[Charge], name: &Text) -> Option<usize> {
    charges.iter().position(|charge| &charge.name == name)
}

/// Whether dishes of this class belong to the base of a charge.
fn is_on<T>(charge: &Charge, place: usize, class: &Class<T>) -> bool {
    charge.options.on.dishes
        && match charge.kind {
            ChargeKind::Tax { .. } => class.is_taxed(place),
            ChargeKind::Service { .. }
            | ChargeKind::Tip { .. }
            | ChargeKind::Discount { .. }
            | ChargeKind::Fee { .. } => true,
        }
}

/// Whether a charge is a tax on dishes of this type.
fn taxes(tax: &Charge, kind: &str) -> bool {
    match &tax.kind {
        ChargeKind::Tax { dish_types, .. } => {
            dish_types.is_empty() || dish_types.iter().any(|name| name.as_str() == kind)
        }
        ChargeKind::Service { .. }
        | ChargeKind::Tip { .. }
        | ChargeKind::Discount { .. }
        | ChargeKind::Fee { .. } => false,
    }
}

/// A percentage of `number ÷ unit`.
fn worth<T: Exact>(percent: Percentage, number: &T, unit: &T, rounding: AmountRounding) -> Option<i64> {
    let number = number.checked_mul(&T::from(i64::try_from(percent.millionths()).ok()?))?;
    div_by(&number, &unit.checked_mul(&T::from(HUNDRED))?, rounding)?.to_i64()
}
