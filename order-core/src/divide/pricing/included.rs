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
}

impl<T: Exact> Pricing<'_, T> {
    /// Adds a tax included in prices. Of a dish with taxes of 5 and 10 percent, 5/115 and 10/115 of
    /// its price.
    pub(super) fn included(&mut self, place: usize, charge: &Charge, contained: &Contained<T>) -> Option<()> {
        let base = self.base(Some(contained), |class| class.is_taxed(place))?;
        let amount = match charge.value {
            // A part of the prices, and so no more than they are.
            ChargeValue::Amount(_) => {
                let mut taxed = self.classes.iter().filter(|class| class.is_taxed(place));
                let prices = taxed.try_fold(T::zero(), |sum, class| sum.checked_add(&class.value))?;
                part_of(charge.value, prices.to_i64()?, charge.options.rounding)?
            }
            ChargeValue::Percent(percent) if charge.options.per == RoundedPer::Line => {
                self.contained_by_dish(charge, percent)?
            }
            ChargeValue::Percent(percent) => {
                // `common` is a multiple of wholes in millionths of a percent, so this brings the
                // hundred percent back.
                let number = base.value.checked_mul(&T::from(HUNDRED))?;
                self.percent(percent, &number, &contained.common, charge.options.rounding)?
            }
        };
        let weights = self.weights_or_unassigned(place, amount, &base);
        self.priced.included.push((Label::Charge(place), Column { amount, weights }));
        Some(())
    }

    /// The untaxed part of each dish's price.
    pub(super) fn contained(&self) -> Option<Contained<T>> {
        let whole = |class: &Class<T>| Some(T::from(HUNDRED.checked_add(self.contained_in(class)?)?));
        let wholes = self.classes.iter().map(whole).collect::<Option<Vec<T>>>()?;
        let common = wholes.iter().try_fold(T::one(), |common, whole| lcm(&common, whole))?;
        let scaled = |(class, whole): (&Class<T>, &T)| class.scaled(&common.quotient(whole).0);
        let classes = self.classes.iter().zip(&wholes).map(scaled).collect::<Option<_>>()?;
        Some(Contained { classes, common })
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
