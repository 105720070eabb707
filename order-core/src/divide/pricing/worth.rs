//! What a charge comes to.

use super::Pricing;
use super::base::Base;
use crate::divide::charge::ChargeValue;
use crate::divide::exact::{Exact, div_by, div_round};
use crate::divide::options::AmountRounding;
use crate::divide::share_number::Percentage;

/// A hundred percent in millionths of a percent.
pub(super) const HUNDRED: i64 = 100_000_000;

impl<T: Exact> Pricing<'_, T> {
    /// The amount of a charge on `base`.
    pub(super) fn worth(&self, value: ChargeValue, base: &Base<T>) -> Option<i64> {
        match value {
            ChargeValue::Amount(amount) => Some(amount.minor_units()),
            ChargeValue::Percent(percent) => {
                self.percent(percent, &base.value, &T::one(), AmountRounding::HalfUp)
            }
        }
    }

    /// The amount of a charge on all dishes for rows that have `part` of `total` of them.
    pub(super) fn worth_of_part(&self, value: ChargeValue, part: &T, total: &T) -> Option<i64> {
        match value {
            ChargeValue::Amount(amount) => {
                div_round(&T::from(amount.minor_units()).checked_mul(part)?, total)?.to_i64()
            }
            ChargeValue::Percent(percent) => {
                self.percent(percent, &self.all.value.checked_mul(part)?, total, AmountRounding::HalfUp)
            }
        }
    }

    /// A percentage of `number ÷ divisor`, after discounts on the order.
    pub(super) fn percent(
        &self,
        percent: Percentage,
        number: &T,
        divisor: &T,
        rounding: AmountRounding,
    ) -> Option<i64> {
        let mut number = number.checked_mul(&T::from(i64::try_from(percent.millionths()).ok()?))?;
        let mut divisor = divisor.checked_mul(&T::from(HUNDRED))?;
        if self.after != self.before {
            number = number.checked_mul(&T::from(self.after.checked_mul(self.before.signum())?))?;
            divisor = divisor.checked_mul(&T::from(self.before.checked_abs()?))?;
        }
        div_by(&number, &divisor, rounding)?.to_i64()
    }
}

/// The value of a charge on `price`, never more than `price` itself.
pub(super) fn part_of(value: ChargeValue, price: i64, rounding: AmountRounding) -> Option<i64> {
    let off = match value {
        ChargeValue::Amount(amount) => amount.minor_units(),
        ChargeValue::Percent(percent) => {
            let number = i128::from(price).checked_mul(i128::from(percent.millionths()))?;
            i64::try_from(div_by(&number, &i128::from(HUNDRED), rounding)?).ok()?
        }
    };
    Some(off.clamp(price.min(0), price.max(0)))
}
