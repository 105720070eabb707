//! Money as whole minor units of a currency, read from and written as exact decimals.

use std::fmt;

use rust_decimal::Decimal;
use thiserror::Error;

use crate::Currency;
use crate::value::currency::MAX_MINOR_DIGITS;

/// An amount of money in minor units (paise, cents, fils) of a currency that is known from the context.
///
/// ```
/// use order_core::{Amount, Currency};
/// let inr = Currency::default();
/// let amount = Amount::from_decimal("299.99".parse().unwrap(), inr).unwrap();
/// assert_eq!(amount.minor_units(), 29_999);
/// assert_eq!(amount.to_decimal(inr).to_string(), "299.99");
/// assert_eq!(amount.display(inr).to_string(), "299.99");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// Why a number is not an amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The number has more decimals than the currency; it is never rounded.
    #[error("the amount has more decimals than the currency")]
    FinerThanMinorUnit,
    /// It is below zero, where only zero or more is allowed.
    #[error("negative numbers are not allowed")]
    Negative,
    /// It is above the documented maximum.
    #[error("the number is too large")]
    TooLarge,
}

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Creates an amount from a number of minor units.
    pub const fn from_minor_units(minor_units: i64) -> Self {
        Self(minor_units)
    }

    /// The number of minor units.
    pub const fn minor_units(self) -> i64 {
        self.0
    }

    /// Converts `number` whole units of `currency` to an exact amount.
    ///
    /// # Errors
    /// When `number` is finer than the minor unit, or does not fit.
    pub fn from_decimal(number: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let number = number.normalize();
        let digits = u32::from(currency.minor_digits());
        let shift = digits.checked_sub(number.scale()).ok_or(AmountError::FinerThanMinorUnit)?;
        10_i128
            .checked_pow(shift)
            .and_then(|factor| number.mantissa().checked_mul(factor))
            .and_then(|minor_units| i64::try_from(minor_units).ok())
            .map(Self)
            .ok_or(AmountError::TooLarge)
    }

    /// The amount as a decimal number of whole units, with the currency's digits: 29999 paise are `299.99`.
    pub fn to_decimal(self, currency: Currency) -> Decimal {
        Decimal::new(self.0, u32::from(currency.minor_digits()))
    }

    /// The amount as the shortest decimal text: `299`, `12.3`, `-0.05`.
    pub fn display(self, currency: Currency) -> impl fmt::Display {
        AmountText { amount: self, currency }
    }

    /// Writes what [`Amount::display`] shows, without the formatting machinery: a full state has
    /// thousands of amounts.
    pub(crate) fn write(self, currency: Currency, out: &mut impl fmt::Write) -> fmt::Result {
        let per_whole = currency.minor_per_whole().unsigned_abs();
        let magnitude = self.0.unsigned_abs();
        // `per_whole` is a power of ten from 1 to 10,000, so neither division can fail.
        let whole = magnitude.checked_div(per_whole).unwrap_or(magnitude);
        let mut fraction = magnitude.checked_rem(per_whole).unwrap_or_default();
        let mut buffer = itoa::Buffer::new();
        if self.0 < 0 {
            out.write_char('-')?;
        }
        out.write_str(buffer.format(whole))?;
        if fraction == 0 {
            return Ok(());
        }
        let mut width = usize::from(currency.minor_digits());
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width = width.saturating_sub(1);
        }
        out.write_char('.')?;
        let digits = buffer.format(fraction);
        for _ in digits.len()..width {
            out.write_char('0')?;
        }
        out.write_str(digits)
    }

    /// Returns the sum; `None` if it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Returns the difference; `None` if it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Returns the amount multiplied by `times`; `None` if it does not fit.
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }

    /// Returns the sum of all amounts; `None` if it does not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Whether the amount is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

struct AmountText {
    amount: Amount,
    currency: Currency,
}

impl fmt::Display for AmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.write(self.currency, f)
    }
}

/// The price of one piece of a dish: an [`Amount`] from 0 to [`Price::max`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Amount);

impl Price {
    /// The highest price in `currency`: just below ten million whole units, 9,999,999.99 rupees for instance.
    pub fn max(currency: Currency) -> Self {
        Self(Amount(MAX_PRICE_WHOLE_UNITS.saturating_mul(currency.minor_per_whole()).saturating_sub(1)))
    }

    /// Converts `number` whole units of `currency` to an exact price.
    ///
    /// # Errors
    /// When it is negative, finer than the minor unit, or above [`Price::max`].
    pub fn from_decimal(number: Decimal, currency: Currency) -> Result<Self, AmountError> {
        Self::new(Amount::from_decimal(number, currency)?, currency)
    }

    /// Creates a price from an amount.
    ///
    /// # Errors
    /// When it is negative or above [`Price::max`].
    pub fn new(amount: Amount, currency: Currency) -> Result<Self, AmountError> {
        if amount.is_negative() {
            return Err(AmountError::Negative);
        }
        if amount > Self::max(currency).0 {
            return Err(AmountError::TooLarge);
        }
        Ok(Self(amount))
    }

    /// Restores a stored price, checked against the bound of the finest possible currency.
    pub(crate) fn in_any_currency(amount: Amount) -> Result<Self, AmountError> {
        let max = MAX_PRICE_WHOLE_UNITS.saturating_mul(10_i64.pow(u32::from(MAX_MINOR_DIGITS)));
        match amount.0 {
            ..0 => Err(AmountError::Negative),
            minor_units if minor_units >= max => Err(AmountError::TooLarge),
            _ => Ok(Self(amount)),
        }
    }

    /// The price as an amount.
    pub fn amount(self) -> Amount {
        self.0
    }
}

const MAX_PRICE_WHOLE_UNITS: i64 = 10_000_000;
const MAX_TOTAL_WHOLE_UNITS: i64 = 10_000_000_000;

/// The maximum total of an order in `currency`: just below ten thousand million whole units,
/// 9,999,999,999.99 rupees for instance. It has at most 14 significant digits, so a client that
/// reads it as a double shows it unchanged.
pub fn max_order_total(currency: Currency) -> Amount {
    Amount(MAX_TOTAL_WHOLE_UNITS.saturating_mul(currency.minor_per_whole()).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::number::parse_number;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    fn price(text: &str, code: &str) -> Result<i64, AmountError> {
        Price::from_decimal(parse_number(text).unwrap(), currency(code))
            .map(|price| price.amount().minor_units())
    }

    #[test]
    fn a_price_is_exact_or_refused() {
        assert_eq!(price("299.990", "INR"), Ok(29_999));
        assert_eq!(price("0.1", "INR"), Ok(10));
        assert_eq!(price("0", "INR"), Ok(0));
        assert_eq!(price("9999999.99", "INR"), Ok(999_999_999));
        assert_eq!(price("10000000", "INR"), Err(AmountError::TooLarge));
        assert_eq!(price("0.001", "INR"), Err(AmountError::FinerThanMinorUnit));
        assert_eq!(price("299.99000000000001", "INR"), Err(AmountError::FinerThanMinorUnit));
        assert_eq!(price("-0.01", "INR"), Err(AmountError::Negative));
        assert_eq!(price("9999999", "JPY"), Ok(9_999_999));
        assert_eq!(price("1.5", "JPY"), Err(AmountError::FinerThanMinorUnit));
        assert_eq!(price("1.234", "KWD"), Ok(1_234));
        assert_eq!(price("9999999.9999", "CLF"), Ok(99_999_999_999));
    }

    #[test]
    fn amounts_are_written_without_needless_zeros() {
        let text = |minor_units, code| Amount(minor_units).display(currency(code)).to_string();
        assert_eq!(text(29_900, "INR"), "299");
        assert_eq!(text(1_230, "INR"), "12.3");
        assert_eq!(text(5, "INR"), "0.05");
        assert_eq!(text(-5, "INR"), "-0.05");
        assert_eq!(text(0, "INR"), "0");
        assert_eq!(text(7, "JPY"), "7");
        assert_eq!(text(1_001, "KWD"), "1.001");
        assert_eq!(text(i64::MIN, "CLF"), "-922337203685477.5808");
    }
}
