//! Currencies of ISO 4217 and the digits of their minor units.

use std::fmt;

use thiserror::Error;

/// The most minor digits that a currency may have (CLF and UYW have 4).
pub const MAX_MINOR_DIGITS: u8 = 4;

/// A currency: its ISO 4217 code and how many decimal digits its minor unit has.
///
/// ```
/// use order_core::Currency;
/// assert_eq!(Currency::from_code("JPY").unwrap().minor_digits(), 0);
/// assert_eq!(Currency::default().code(), "INR");
/// assert_eq!(Currency::from_code("KWD").unwrap().minor_digits(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    /// Three capital letters of ASCII.
    code: [u8; 3],
    minor_digits: u8,
}

/// Why a code is not a currency that an order can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CurrencyError {
    /// The text is not a code of ISO 4217 (three capital letters).
    #[error("it is not an ISO 4217 currency code")]
    Unknown,
    /// The code has no minor unit, as gold (XAU) has none.
    #[error("this ISO 4217 code has no minor unit")]
    NoMinorUnit,
}

impl Currency {
    /// Looks up a currency by its ISO 4217 code, in capitals.
    ///
    /// # Errors
    /// When there is no such code, or when it has no minor unit (XAU, XDR, …).
    pub fn from_code(code: &str) -> Result<Self, CurrencyError> {
        let known = iso_currency::Currency::from_code(code).ok_or(CurrencyError::Unknown)?;
        let digits = known.exponent().ok_or(CurrencyError::NoMinorUnit)?;
        let minor_digits = u8::try_from(digits).map_err(|_| CurrencyError::NoMinorUnit)?;
        Self::from_stored(known.code(), minor_digits).ok_or(CurrencyError::NoMinorUnit)
    }

    /// Restores a stored currency as it was when the order was made: the standard may have changed
    /// since.
    pub(crate) fn from_stored(code: &str, minor_digits: u8) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let plausible = code.iter().all(u8::is_ascii_uppercase) && minor_digits <= MAX_MINOR_DIGITS;
        plausible.then_some(Self { code, minor_digits })
    }

    /// The three letters, for instance `INR`.
    pub fn code(&self) -> &str {
        // Always ASCII.
        str::from_utf8(&self.code).unwrap_or_default()
    }

    /// How many decimal digits an amount has: 2 for INR, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u8 {
        self.minor_digits
    }

    /// How many minor units one whole unit has: 100 for INR.
    pub fn minor_per_whole(self) -> i64 {
        10_i64.pow(u32::from(self.minor_digits))
    }
}

impl Default for Currency {
    /// The Indian rupee, the currency of the protocol's first clients.
    fn default() -> Self {
        Self { code: *b"INR", minor_digits: 2 }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_digits_are_those_of_iso_4217() {
        for (code, digits) in
            [("INR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("USD", 2), ("BHD", 3), ("ISK", 0)]
        {
            assert_eq!(Currency::from_code(code).map(Currency::minor_digits), Ok(digits), "{code}");
        }
        assert_eq!(Currency::from_code("INR"), Ok(Currency::default()));
    }

    #[test]
    fn codes_that_no_bill_can_be_in_are_refused() {
        for code in ["", "inr", "INRX", "ZZZ", "₹"] {
            assert_eq!(Currency::from_code(code), Err(CurrencyError::Unknown), "{code}");
        }
        assert_eq!(Currency::from_code("XAU"), Err(CurrencyError::NoMinorUnit));
    }
}
