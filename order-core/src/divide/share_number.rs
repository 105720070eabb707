//! Percentages and weights.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

/// The maximum number of decimals of a percentage or a weight.
pub const SHARE_DECIMALS: u32 = 6;
/// One whole percent, or a weight of one, in millionths.
const MILLION: u64 = 1_000_000;
/// The largest weight.
const MAX_WEIGHT: u64 = 1_000_000;

/// Why a number is not a percentage or a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShareNumberError {
    /// More than [`SHARE_DECIMALS`] decimals.
    #[error("a number has more than {SHARE_DECIMALS} decimals")]
    TooFine,
    /// Below zero.
    #[error("negative numbers are not allowed")]
    Negative,
    /// Above 100 percent, or a weight above a million.
    #[error("the number is too large")]
    TooLarge,
}

/// A percentage from 0 to 100 with at most [`SHARE_DECIMALS`] decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u64);

impl Percentage {
    /// 100 percent.
    pub const HUNDRED: Self = Self(100 * MILLION);

    /// Converts a number to a percentage: `12.5` is twelve and a half percent.
    ///
    /// # Errors
    /// When it is negative, above 100, or has too many decimals.
    pub fn from_decimal(number: Decimal) -> Result<Self, ShareNumberError> {
        millionths(number, 100).map(Self)
    }

    /// The percentage in millionths of a percent.
    pub fn millionths(self) -> u64 {
        self.0
    }

    /// The percentage as a decimal number.
    pub fn to_decimal(self) -> Decimal {
        decimal_of_millionths(self.0)
    }

    /// Creates a percentage from millionths of a percent; `None`: above 100.
    pub(crate) fn from_millionths(millionths: u64) -> Option<Self> {
        (millionths <= Self::HUNDRED.0).then_some(Self(millionths))
    }
}

/// A weight from 0 to 1,000,000 with at most [`SHARE_DECIMALS`] decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u64);

impl Weight {
    /// A weight of one.
    pub const ONE: Self = Self(MILLION);

    /// Converts a number to a weight.
    ///
    /// # Errors
    /// When it is negative, above a million, or has too many decimals.
    pub fn from_decimal(number: Decimal) -> Result<Self, ShareNumberError> {
        millionths(number, MAX_WEIGHT).map(Self)
    }

    /// The weight in millionths.
    pub fn millionths(self) -> u64 {
        self.0
    }

    /// The weight as a decimal number.
    pub fn to_decimal(self) -> Decimal {
        decimal_of_millionths(self.0)
    }

    /// Creates a weight from millionths; `None`: above a million.
    pub(crate) fn from_millionths(millionths: u64) -> Option<Self> {
        (millionths <= MAX_WEIGHT * MILLION).then_some(Self(millionths))
    }

    /// Adds two weights; `None` when the sum is more than a weight can be.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::from_millionths)
    }
}

fn millionths(number: Decimal, max: u64) -> Result<u64, ShareNumberError> {
    let number = number.normalize();
    if number.is_sign_negative() && !number.is_zero() {
        return Err(ShareNumberError::Negative);
    }
    if number > Decimal::from(max) {
        return Err(ShareNumberError::TooLarge);
    }
    if number.scale() > SHARE_DECIMALS {
        return Err(ShareNumberError::TooFine);
    }
    number
        .checked_mul(Decimal::from(MILLION))
        .and_then(|scaled| scaled.to_u64())
        .ok_or(ShareNumberError::TooLarge)
}

/// The decimal number of so many millionths, without trailing zeros.
pub(crate) fn decimal_of_millionths(millionths: u64) -> Decimal {
    Decimal::from_i128_with_scale(i128::from(millionths), SHARE_DECIMALS).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::number::parse_number;

    #[test]
    fn percentages_are_exact_or_refused() {
        let read =
            |text: &str| Percentage::from_decimal(parse_number(text).unwrap()).map(Percentage::millionths);
        assert_eq!(read("33.333333"), Ok(33_333_333));
        assert_eq!(read("1e2"), Ok(100_000_000));
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read("100.000001"), Err(ShareNumberError::TooLarge));
        assert_eq!(read("-1"), Err(ShareNumberError::Negative));
        assert_eq!(read("0.0000001"), Err(ShareNumberError::TooFine));
        assert_eq!(Percentage(12_500_000).to_decimal().to_string(), "12.5");
    }

    #[test]
    fn weights_are_exact_or_refused() {
        let read = |text: &str| Weight::from_decimal(parse_number(text).unwrap()).map(Weight::millionths);
        assert_eq!(read("2.5"), Ok(2_500_000));
        assert_eq!(read("1000000"), Ok(1_000_000_000_000));
        assert_eq!(read("1000000.1"), Err(ShareNumberError::TooLarge));
        assert_eq!(Weight(3_000_000).to_decimal().to_string(), "3");
    }
}
