//! The quantity of a dish.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

/// The maximum number of pieces in one line of an order.
pub const MAX_QUANTITY: u16 = 999;

/// A whole number of pieces from 1 to [`MAX_QUANTITY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u16);

/// The error for a number that is not a whole one from 1 to [`MAX_QUANTITY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is out of range or not a whole number")]
pub struct QuantityError;

impl Quantity {
    /// Creates a quantity from a number of pieces.
    ///
    /// # Errors
    /// When `pieces` is 0 or above [`MAX_QUANTITY`].
    pub fn new(pieces: u16) -> Result<Self, QuantityError> {
        if (1..=MAX_QUANTITY).contains(&pieces) { Ok(Self(pieces)) } else { Err(QuantityError) }
    }

    /// Converts a whole number to a quantity: `2`, `2.0` and `20e-1` are all two.
    ///
    /// # Errors
    /// When the number is not whole, or out of bounds.
    pub fn from_decimal(number: Decimal) -> Result<Self, QuantityError> {
        if !number.is_integer() {
            return Err(QuantityError);
        }
        number.to_u16().ok_or(QuantityError).and_then(Self::new)
    }

    /// The number of pieces.
    pub fn pieces(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::number::parse_number;

    fn read(text: &str) -> Result<u16, QuantityError> {
        Quantity::from_decimal(parse_number(text).unwrap()).map(Quantity::pieces)
    }

    #[test]
    fn only_whole_numbers_from_1_to_999_are_quantities() {
        assert_eq!(read("1.0"), Ok(1));
        assert_eq!(read("20e-1"), Ok(2));
        assert_eq!(read("999"), Ok(999));
        for refused in ["0", "-1", "1.5", "1000", "70000", "1e17"] {
            assert_eq!(read(refused), Err(QuantityError), "{refused}");
        }
    }
}
