//! Taxes that prices contain.

use super::Pricing;
use super::classes::Class;
use super::worth::{HUNDRED, part_of};
use crate::divide::charge::{Charge, ChargeKind, ChargeValue};
use crate::divide::exact::{Exact, lcm};
use crate::divide::line::Label;
use crate::divide::options::RoundedPer;
use crate::divide::rounding::Column;

/// The untaxed part of each dish's price, as a fraction with a common denominator.
pub(super) struct Contained<T> {
    /// The dishes, with prices multiplied by the common denominator and divided by a hundred
    /// percent plus the taxes that they include.
    pub(super) classes: Vec<Class<T>>,
    common: T,
    /// The taxes that are worked out already, in listed order.
    taxes: Vec<Included<T>>,
}

/// A tax included in prices.
struct Included<T> {
    /// The index of the charge.
    place: usize,
    amount: i64,
    /// For a fixed amount, what it is taken of: the untaxed part of its dishes, in the units of [`Contained::classes`].
    of: Option<T>,
}

impl<T: Exact> Pricing<'_, T> {
    /// Adds a tax included in prices. Of a dish with taxes of 5 and 10 percent, 5/115 and 10/115 of
    /// its price.
    pub(super) fn included(
        &mut self,
        place: usize,
        charge: &Charge,
        contained: &mut Contained<T>,
    ) -> Option<()> {
        let base = self.base(Some(contained), |class| class.is_taxed(place))?;
        let (amount, of) = match charge.value {
            ChargeValue::Amount(_) => {
                let mut taxed = self.classes.iter().filter(|class| class.is_taxed(place));
                let prices = taxed.try_fold(T::zero(), |sum, class| sum.checked_add(&class.value))?;
                let amount = part_of(charge.value, prices.to_i64()?, charge.options.rounding)?;
                (self.out_of_untaxed(place, amount, &base.value, contained)?, Some(base.value.clone()))
            }
            ChargeValue::Percent(percent) if charge.options.per == RoundedPer::Line => {
                (self.contained_by_dish(charge, percent)?, None)
            }
            ChargeValue::Percent(percent) => {
                // `common` is a multiple of wholes in millionths of a percent, so this brings the
                // hundred percent back.
                let number = base.value.checked_mul(&T::from(HUNDRED))?;
                (self.percent(percent, &number, &contained.common, charge.options.rounding)?, None)
            }
        };
        let amount = self.within_prices(place, amount, contained)?;
        contained.taxes.push(Included { place, amount, of });
        let weights = self.weights_or_unassigned(place, amount, &base);
        self.priced.included.push((Label::Charge(place), Column { amount, weights }));
        Some(())
    }

    /// Cuts a fixed tax, so that the fixed taxes in no price are more than what discounts and percentages leave of it.
    /// Each is taken out of the untaxed parts of its dishes (`of`), in proportion.
    fn out_of_untaxed(&self, place: usize, amount: i64, of: &T, contained: &Contained<T>) -> Option<i64> {
        if amount == 0 || of.is_zero() || (*of < T::zero()) != (amount < 0) {
            return Some(0);
        }
        let magnitude = |number: &T| {
            if *number < T::zero() { T::zero().checked_sub(number) } else { Some(number.clone()) }
        };
        // What discounts on the order leave of a unit of `of`, in minor units.
        let (mut left, mut unit) = (T::from(HUNDRED), contained.common.clone());
        if self.after != self.before {
            left = left.checked_mul(&T::from(self.after.checked_abs()?))?;
            unit = unit.checked_mul(&T::from(self.before.checked_abs()?))?;
        }
        // How much of a unit earlier fixed taxes have taken in the dishes that have the least left, in minor units.
        let mut fixed = Vec::new();
        let mut parts = T::one();
        for tax in contained.taxes.iter().filter(|tax| tax.amount != 0) {
            if let Some(of) = &tax.of {
                let of = magnitude(of)?;
                parts = parts.checked_mul(&of)?;
                fixed.push((tax, of));
            }
        }
        let mut taken = T::zero();
        for class in self.classes.iter().filter(|class| class.is_taxed(place) && !class.value.is_zero()) {
            let mut sum = T::zero();
            for (tax, of) in fixed.iter().filter(|(tax, _)| class.is_taxed(tax.place)) {
                let part = parts.quotient(of).0;
                sum = sum.checked_add(&part.checked_mul(&T::from(tax.amount.checked_abs()?))?)?;
            }
            taken = taken.max(sum);
        }
        let rest = left.checked_mul(&parts)?.checked_sub(&taken.checked_mul(&unit)?)?;
        let most = magnitude(of)?.checked_mul(&rest)?.quotient(&unit.checked_mul(&parts)?).0;
        let most = if most < T::zero() { T::zero() } else { most };
        // More than any amount is no limit.
        let most = most.to_i64().unwrap_or(i64::MAX);
        Some(amount.clamp(most.checked_neg()?, most))
    }

    /// Cuts a tax, so that together with any of those before it, it is no more than what discounts leave of the prices of all
    /// their dishes. Exact percentages never are; rounded up, they can be.
    fn within_prices(&self, place: usize, amount: i64, contained: &Contained<T>) -> Option<i64> {
        if amount == 0 {
            return Some(0);
        }
        let prices = |of: &[&Included<T>]| {
            let is_in = |class: &&Class<T>| {
                let taxed = class.is_taxed(place) || of.iter().any(|tax| class.is_taxed(tax.place));
                taxed && (class.value < T::zero()) == (amount < 0)
            };
            let mut classes = self.classes.iter().filter(is_in);
            let sum = classes.try_fold(0_i128, |sum, class| sum.checked_add(class.value.to_i64()?.into()))?;
            let sum = sum.checked_abs()?;
            match i128::from(self.before).checked_abs() {
                Some(before) if before != 0 => {
                    sum.checked_mul(i128::from(self.after).checked_abs()?)?.checked_div(before)
                }
                _ => Some(sum),
            }
        };
        let magnitude = i128::from(amount).checked_abs()?;
        let same_sign: Vec<_> = contained
            .taxes
            .iter()
            .filter(|tax| tax.amount != 0 && (tax.amount < 0) == (amount < 0))
            .collect();
        let sum = |taxes: &[&Included<T>]| {
            let mut amounts = taxes.iter().map(|tax| i128::from(tax.amount));
            amounts.try_fold(0_i128, |sum, amount| sum.checked_add(amount.checked_abs()?))
        };
        let mut most = prices(&[])?;
        if sum(&same_sign)?.checked_add(magnitude)? > most {
            // There are at most `MAX_INCLUSIVE_TAXES`, so at most 31 of these sets.
            for set in 1_u32..1_u32.checked_shl(u32::try_from(same_sign.len()).ok()?)? {
                let chosen = same_sign.iter().enumerate().filter(|(number, _)| set >> number & 1 == 1);
                let chosen: Vec<_> = chosen.map(|(_, tax)| *tax).collect();
                most = most.min(prices(&chosen)?.checked_sub(sum(&chosen)?)?);
            }
        }
        let most = i64::try_from(most.max(0)).ok()?;
        Some(amount.clamp(most.checked_neg()?, most))
    }

    /// The untaxed part of each dish's price.
    pub(super) fn contained(&self) -> Option<Contained<T>> {
        let whole = |class: &Class<T>| Some(T::from(HUNDRED.checked_add(self.contained_in(class)?)?));
        let wholes = self.classes.iter().map(whole).collect::<Option<Vec<T>>>()?;
        let common = wholes.iter().try_fold(T::one(), |common, whole| lcm(&common, whole))?;
        let scaled = |(class, whole): (&Class<T>, &T)| class.scaled(&common.quotient(whole).0);
        let classes = self.classes.iter().zip(&wholes).map(scaled).collect::<Option<_>>()?;
        Some(Contained { classes, common, taxes: Vec::new() })
    }

    /// The taxes included in the prices of these dishes, in millionths of a percent.
    fn contained_in(&self, class: &Class<T>) -> Option<i64> {
        let taxes = self.bill.extras.charges.iter().enumerate().filter(|(place, _)| class.is_taxed(*place));
        let mut taxes = taxes.map(|(_, charge)| (&charge.kind, charge.value));
        taxes.try_fold(0_i64, |sum, tax| match tax {
            (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Percent(percent)) => {
                sum.checked_add(i64::try_from(percent.millionths()).ok()?)
            }
            _ => Some(sum),
        })
    }
}
